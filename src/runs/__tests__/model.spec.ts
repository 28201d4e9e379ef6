import { RequestError } from '../../api/client';
import type * as schema from '../../api/schema';
import { RunModel } from '../model';
import { detail, event, FakeStream, pass, step, summary } from './samples';

class FakeServer {
  answer: () => Promise<schema.RunDetail> = () => Promise.resolve(detail());
  readonly asked: string[] = [];

  run(): Promise<schema.RunDetail> {
    this.asked.push('run');
    return this.answer();
  }

  outputs(_: string, name = ''): Promise<schema.Outputs> {
    this.asked.push(`outputs:${name}`);
    const shown = {
      step: name || 'load',
      outputs: [{ cell: 'a', data: { 'text/html': name }, left_out: [] }]
    };
    return Promise.resolve({ steps: [shown] });
  }
}

describe('RunModel', () => {
  let server: FakeServer;
  let stream: FakeStream;
  let model: RunModel;

  beforeEach(async () => {
    jest.useFakeTimers();
    server = new FakeServer();
    stream = new FakeStream();
    model = new RunModel('r1', server, stream);
    await pass(1000);
    server.asked.length = 0;
  });

  afterEach(() => {
    model.dispose();
    jest.useRealTimers();
  });

  it('follows from what the detail knows', () => {
    expect(model.detail?.offset).toBe(10);
    expect(stream.followers).toMatchObject([{ run: 'r1', after: 0 }]);
  });

  it('changes with the events, without asking again', async () => {
    let changes = 0;
    model.changed.connect(() => changes++);
    stream.tell(event(11, 'step', { state: 'running', attempt: 1 }, 'load'));
    expect(model.detail?.steps[0]?.state).toBe('running');
    expect(changes).toBe(1);
    await pass(1000);
    expect(server.asked).toEqual([]);
  });

  it('learns from old events which cell runs, and nothing else', () => {
    stream.tell(
      event(8, 'step', { state: 'failed' }, 'load'),
      event(9, 'cell', { cell: 5, state: 'running' }, 'load')
    );
    expect(model.progress.get('load')).toEqual({ cell: 2, of: 2 });
    expect(model.detail?.steps[0]?.state).toBe('waiting');
    stream.tell(event(11, 'step', { state: 'succeeded' }, 'load'));
    expect(model.progress.has('load')).toBe(false);
  });

  it('asks for the run again when its state changes, and keeps what happened meanwhile', async () => {
    let arrive: (run: schema.RunDetail) => void = () => undefined;
    server.answer = () => new Promise(resolve => (arrive = resolve));
    stream.tell(event(11, 'run', { state: 'running' }));
    await pass(200);
    expect(server.asked).toEqual(['run']);
    stream.tell(event(12, 'step', { state: 'failed' }, 'train'));
    arrive(detail({ offset: 11, summary: summary({ name: 'renamed' }) }));
    await pass(0);
    expect(model.detail?.summary.name).toBe('renamed');
    expect(model.detail?.steps[1]?.state).toBe('failed');
  });

  it('asks once for the outputs of many displays', async () => {
    for (let offset = 11; offset < 40; offset++) {
      stream.tell(event(offset, 'display', {}, 'train'));
    }
    await pass(2000);
    expect(server.asked).toEqual(['outputs:train']);
    expect(model.outputs.get('train')?.[0]?.data).toEqual({ 'text/html': 'train' });
  });

  it('asks for the outputs when a step has ended', async () => {
    stream.tell(event(11, 'step', { state: 'succeeded', cached: true }, 'train'));
    await pass(1000);
    expect(server.asked).toEqual(['outputs:train']);
  });

  it('tells which log has grown', () => {
    const grown: (string | null)[] = [];
    model.logged.connect((_, name) => grown.push(name));
    stream.tell(event(11, 'log', {}, 'load'), event(12, 'log', {}, 'load'), event(13, 'log'));
    expect(grown).toEqual(['load', null]);
  });

  it('looks again after a reconnection, and when it is told of a run that is over', async () => {
    stream.news('another');
    stream.news('r1'); // it goes on: its events tell more
    await pass(200);
    expect(server.asked).toEqual([]);
    server.answer = () => Promise.resolve(detail({ summary: summary({ state: 'failed' }) }));
    stream.news();
    await pass(200);
    expect(server.asked).toEqual(['run']);
    stream.news('r1'); // resumed, or deleted
    await pass(200);
    expect(server.asked).toEqual(['run', 'run']);
  });

  it('keeps what it knows when the server cannot be reached, and says why', async () => {
    server.answer = () => Promise.reject(new RequestError('unreachable', 'gone'));
    model.refresh();
    await pass(0);
    expect(model.error).toMatchObject({ failure: 'unreachable' });
    expect(model.detail).not.toBeNull();
    server.answer = () => Promise.resolve(detail({ steps: [step('other')] }));
    model.refresh();
    await pass(0);
    expect(model.error).toBeNull();
    expect(model.detail?.steps[0]?.name).toBe('other');
  });

  it('listens to nothing when it was disposed of', () => {
    model.dispose();
    expect(stream.followers).toEqual([]);
    expect(stream.watchers).toEqual([]);
  });
});
