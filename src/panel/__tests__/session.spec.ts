import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';

import { RequestError } from '../../api/client';
import type * as schema from '../../api/schema';
import type { IPipelineModel, IRunModel, IRuns } from '../../tokens';
import { nodesOf, ordered } from '../nodes';
import { picturesOf, statusesOf } from '../pictures';
import { Settings } from '../../settings/settings';
import { Session } from '../session';

const trans = nullTranslator.load('kfjlab');

const VIEW = {
  untagged: false,
  runnable: true,
  steps: [
    { name: 'load', role: 'step', cells: ['a'] },
    { name: 'train', role: 'step', cells: ['b', 'c'] }
  ],
  cells: [
    { id: 'a', index: 0, step: 'load' },
    { id: 'b', index: 1, step: 'train' },
    { id: 'c', index: 3, step: 'train' }
  ],
  edges: [],
  parameters: [],
  problems: []
} as unknown as schema.PipelineView;

const SUGGESTION = {
  note: '',
  proposals: [
    { cell: 'a', role: 'imports', step: null, reason: 'only imports', tag: true },
    { cell: 'b', role: 'step', step: 'load', reason: 'reads', tag: true },
    { cell: 'c', role: 'step', step: 'load', reason: 'same', tag: false },
    { cell: 'd', role: 'step', step: 'train', reason: 'fits', tag: true }
  ],
  pipeline: VIEW
} as unknown as schema.Suggestion;

function setUp({ latest }: { latest?: string } = {}) {
  const saved = jest.fn(async () => undefined);
  const model = {
    panel: { context: { path: 'drive:a.ipynb', model: { dirty: true }, save: saved } },
    view: VIEW,
    readOnly: false,
    content: () => ({
      path: 'a.ipynb',
      cells: 'abcd'.split('').map(id => ({ id, cell_type: 'code', source: `# ${id}\n\n${id} = 1` }))
    }),
    edit: jest.fn(async () => undefined),
    reveal: jest.fn(async () => undefined)
  };
  const changed = new Signal<IPipelineModel, void>(model as unknown as IPipelineModel);
  Object.assign(model, { changed });
  const followed: { id: string; disposed: boolean }[] = [];
  const newest = { id: latest };
  const runs = {
    start: jest.fn(async () => {
      newest.id = 'new';
    }),
    defaults: () => ({ cache: true, keep_going: false, max_parallel: 2, target: 'local' }),
    latest: () => newest.id,
    follow: (id: string) => {
      const run = {
        id,
        disposed: false,
        detail: null,
        changed: new Signal({}),
        dispose: () => (run.disposed = true)
      };
      followed.push(run);
      return run as unknown as IRunModel;
    }
  };
  Object.assign(runs, { changed: new Signal(runs) });
  const client = {
    suggest: jest.fn(async () => SUGGESTION),
    edit: jest.fn(async () => ({ changes: [], pipeline: VIEW }))
  };
  const settings = new Settings();
  const session = new Session(
    model as unknown as IPipelineModel,
    client,
    runs as unknown as IRuns,
    settings,
    path => path.replace('drive:', ''),
    trans
  );
  return { session, model, changed, runs, client, followed, saved, settings };
}

describe('a proposal', () => {
  it('is accepted as it was kept and renamed, in one edit', async () => {
    const { session, model } = setUp();
    await session.suggest();
    const { proposal } = session;
    expect(proposal?.rows.map(row => [row.index, row.excerpt])).toEqual([
      [0, 'a = 1'],
      [1, 'b = 1'],
      [2, 'c = 1'],
      [3, 'd = 1']
    ]);
    proposal?.keep('a', false);
    proposal?.rename('d', ' load');
    await session.accept();
    expect(model.edit).toHaveBeenCalledTimes(1);
    expect(model.edit).toHaveBeenCalledWith([
      { action: 'set-step', arguments: { cell: ['b'], name: 'load' } },
      { action: 'set-step', arguments: { cell: ['d'], name: 'load' } }
    ]);
    expect(session.proposal).toBeNull();
  });

  it('shows why it cannot be, and only the newest answer counts', async () => {
    const { session, client } = setUp();
    await session.suggest();
    const answers: ((value: unknown) => void)[] = [];
    client.edit.mockImplementation(() => new Promise((_, reject) => answers.push(reject)));
    session.proposal?.rename('d', 'a/b');
    session.proposal?.rename('d', 'a/c');
    answers[1]?.(new RequestError('refused', 'second'));
    answers[0]?.(new RequestError('refused', 'first'));
    await new Promise(resolve => setTimeout(resolve));
    expect(session.proposal?.error).toMatchObject({ message: 'second' });
  });

  it('stays when it could not be written', async () => {
    const { session, model } = setUp();
    await session.suggest();
    model.edit.mockRejectedValueOnce(new RequestError('refused', 'There is no cell.'));
    await session.accept();
    expect(session.proposal).not.toBeNull();
    expect(session.failure).toMatchObject({ message: 'There is no cell.' });
    expect(session.busy).toBeNull();
  });
});

describe('a run', () => {
  it('is started of the saved notebook and followed while somebody looks', async () => {
    const { session, runs, followed, saved } = setUp({ latest: 'old' });
    const look = session.look();
    expect(followed.map(run => run.id)).toEqual(['old']);
    await session.run();
    expect(saved).toHaveBeenCalledTimes(1);
    expect(runs.start).toHaveBeenCalledWith({ path: 'a.ipynb', ...runs.defaults() });
    expect(followed.map(run => [run.id, run.disposed])).toEqual([
      ['old', true],
      ['new', false]
    ]);
    look.dispose();
    expect(followed[1]?.disposed).toBe(true);
    expect(session.latest).toBeNull();
  });

  it('does not save what is read-only', async () => {
    const { session, model, saved, runs } = setUp();
    model.readOnly = true;
    await session.run();
    expect(saved).not.toHaveBeenCalled();
    expect(runs.start).toHaveBeenCalledTimes(1);
  });

  it('shows the form first where the user wants that', async () => {
    const { session, runs, settings } = setUp();
    settings.set({ askBeforeRun: 'always' });
    await session.run();
    expect(runs.start).not.toHaveBeenCalled();
    expect(session.form?.options).toMatchObject({ cache: true, maxParallel: '2', target: 'local' });
  });

  it('that cannot be saved is not started', async () => {
    const { session, saved, runs } = setUp();
    saved.mockRejectedValueOnce(new Error('disk full'));
    await session.run();
    expect(runs.start).not.toHaveBeenCalled();
    expect(session.failure).toMatchObject({ message: 'disk full' });
  });

  it('asks for parameters when there are some', async () => {
    const { session, model, runs } = setUp();
    model.view = { ...VIEW, parameters: [{ name: 'n', type: 'int', default: 1 }] };
    await session.run();
    expect(runs.start).not.toHaveBeenCalled();
    session.form?.set('n', { text: '2' });
    await session.form?.submit();
    expect(runs.start).toHaveBeenCalledWith(expect.objectContaining({ path: 'a.ipynb', texts: { n: '2' } }));
    expect(session.form).toBeNull();
  });
});

it('a step that is gone is not selected any more', () => {
  const { session, model, changed } = setUp();
  session.select('train');
  changed.emit();
  expect(session.selected).toBe('train');
  model.view = { ...VIEW, steps: VIEW.steps.slice(0, 1) };
  changed.emit();
  expect(session.selected).toBeNull();
});

it('problems are counted at the steps of their cells, the worst are first', () => {
  const problem = (severity: schema.Problem['severity'], cell: number | null, step?: string) => ({
    code: 'c',
    message: 'm',
    severity,
    cell,
    step
  });
  const problems = [
    problem('info', 0),
    problem('warning', 3),
    problem('error', 3),
    problem('error', null, 'load')
  ];
  expect(nodesOf({ ...VIEW, problems }).map(({ errors, warnings }) => [errors, warnings])).toEqual([
    [1, 0],
    [1, 1]
  ]);
  expect(ordered(problems).map(({ severity, cell }) => [severity, cell])).toEqual([
    ['error', null],
    ['error', 3],
    ['warning', 3],
    ['info', 0]
  ]);
});

it('pictures are the newest of each step, in forms in which nothing runs', () => {
  const output = (data: Record<string, unknown>) => ({ cell: 'a', data, left_out: [] });
  const pictures = picturesOf(
    new Map([
      [
        'plot',
        [output({ 'image/png': 'QUJD\n' }), output({ 'image/png': 'REVG' }), output({ 'text/html': '<b>' })]
      ],
      ['draw', [output({ 'image/svg+xml': '<svg onload="x"/>' })]],
      ['print', [output({ 'text/plain': 'x' })]]
    ])
  );
  expect([...pictures]).toEqual([
    ['plot', 'data:image/png;base64,REVG'],
    ['draw', 'data:image/svg+xml;charset=utf-8,%3Csvg%20onload%3D%22x%22%2F%3E']
  ]);
});

it('only running steps have progress', () => {
  const detail = {
    steps: [
      { name: 'a', state: 'running' },
      { name: 'b', state: 'succeeded' }
    ]
  } as unknown as schema.RunDetail;
  const at = { cell: 2, of: 3 };
  const statuses = statusesOf(
    detail,
    new Map([
      ['a', at],
      ['b', at]
    ])
  );
  expect(statuses.get('a')?.progress).toEqual(at);
  expect(statuses.get('b')?.progress).toBeUndefined();
  expect(statusesOf(null, new Map()).size).toBe(0);
});
