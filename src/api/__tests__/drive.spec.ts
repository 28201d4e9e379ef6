import { ServerConnection } from '@jupyterlab/services';
import { nullTranslator } from '@jupyterlab/translation';

import { Client } from '../client';
import { RunDrive, stepOf, stepPath } from '../drive';
import { detail, step } from '../../runs/__tests__/samples';

const local = (path: string) => path.slice(path.indexOf(':') + 1);

it.each(['train', 'load data', 'a/b', '../x', 'größe %41', '<img onerror=x>', 'x.ipynb'])(
  'finds step %s again from its path',
  name => {
    const path = stepPath('20260101-abc', name);
    expect(stepOf(local(path))).toEqual({ run: '20260101-abc', step: name });
    expect(local(path).split('/')).toHaveLength(2);
  }
);

it.each(['', 'run', 'run/step', 'run/a/b.ipynb', 'run/%ZZ.ipynb'])('%s is no step', path => {
  expect(stepOf(path)).toBeUndefined();
});

describe('RunDrive', () => {
  const client = new Client(ServerConnection.makeSettings({ baseUrl: 'http://localhost/' }));
  client.executed = async (run, name) => ({ run, name });
  client.run = async () => detail({ steps: [step('load data')] });
  const drive = new RunDrive(client, nullTranslator.load('kfjlab'));
  afterAll(() => drive.dispose());

  it('gives a step as a notebook that cannot be written', async () => {
    expect(await drive.get('r1/load%20data.ipynb')).toMatchObject({
      type: 'notebook',
      format: 'json',
      writable: false,
      path: 'r1/load%20data.ipynb',
      content: { run: 'r1', name: 'load data' }
    });
  });

  it('lists the steps of a run', async () => {
    expect(await drive.get('r1')).toMatchObject({
      content: [{ path: 'r1/load%20data.ipynb', content: null, format: null }]
    });
  });

  it('says that nothing can be changed, and that there is nothing else', async () => {
    await expect(drive.save()).rejects.toThrow('cannot be changed');
    await expect(drive.get('r1/notes.txt')).rejects.toThrow('no step');
    expect(await drive.listCheckpoints()).toEqual([]);
  });
});
