import type * as schema from '../../api/schema';
import { type IDraft, Place } from '../editor/draft';
import { patchOf, textsOf, type Metadata, NO_TEXTS } from '../editor/settings';
import { view } from './views';

/** A notebook: setup (untagged imports), load, clean (two cells), train after load. */
function place(id: string, metadata: Record<string, Metadata> = {}): Place {
  const cell = (index: number, name: string, step: string | null, more: Partial<schema.CellView> = {}) => ({
    id: name,
    index,
    role: (step === null ? 'imports' : 'step') as schema.Role,
    step,
    tagged: true,
    after: [],
    ...more
  });
  const step = (name: string, cells: string[]) =>
    ({ name, cells, implicit: false }) as unknown as schema.StepView;
  return new Place(
    id,
    view({
      cells: [
        cell(0, 'setup', null, { tagged: false }),
        cell(1, 'load', 'load'),
        cell(2, 'clean', 'clean'),
        cell(3, 'clean2', 'clean', { tagged: false }),
        cell(4, 'train', 'train', { after: ['load'] })
      ],
      steps: [step('load', ['load']), step('clean', ['clean', 'clean2']), step('train', ['train'])]
    }),
    cellId => metadata[cellId] ?? {}
  );
}

const edits = (at: Place, draft: IDraft) => at.edits(draft).map(edit => [edit.action, edit.arguments]);

describe('Place', () => {
  it('knows what a cell is and changes nothing by itself', () => {
    expect([place('train').choice, place('train').step]).toEqual(['step', 'train']);
    expect([place('clean2').choice, place('clean2').step]).toEqual(['follow', '']);
    for (const id of ['setup', 'load', 'clean', 'clean2', 'train']) {
      expect(place(id).edits({})).toEqual([]);
    }
  });

  it.each<[string, IDraft, unknown]>([
    ['clean2', { choice: 'step', step: 'fit ' }, [['set-step', { cell: 'clean2', name: 'fit' }]]],
    ['train', { choice: 'skip' }, [['set-role', { cell: 'train', role: 'skip' }]]],
    [
      'train',
      { choice: 'follow' },
      [
        ['set-step', { cell: 'train', name: null }],
        ['set-role', { cell: 'train', role: null }]
      ]
    ],
    ['train', { choice: 'step', step: 'train' }, []],
    // A name that is empty is for the server to refuse.
    ['train', { step: ' ' }, [['set-step', { cell: 'train', name: '' }]]]
  ])('%s %j', (id, draft, expected) => {
    expect(edits(place(id), draft)).toEqual(expected);
  });

  it('adds to the first cell of the step what it runs after, and removes it where it is said', () => {
    expect(edits(place('clean2'), { after: ['load'] })).toEqual([
      ['add-after', { cell: 'clean', name: 'load' }]
    ]);
    expect(edits(place('train'), { after: ['clean'] })).toEqual([
      ['remove-after', { cell: ['train'], name: 'load' }],
      ['add-after', { cell: 'train', name: 'clean' }]
    ]);
  });

  it('offers only steps above to run after', () => {
    expect(place('clean').before('clean')).toEqual(['load']);
    expect(place('load').before('load')).toEqual([]);
    expect(place('train').before('train')).toEqual(['load', 'clean']);
  });

  it('writes settings to the first cell of the step and takes them from the others', () => {
    const metadata = {
      clean: { tags: ['step:clean', 'limit:memory:1Gi'] },
      clean2: { kfjlab: { retries: 3, resources: { memory: '1Gi' } } }
    };
    expect(place('clean2', metadata).texts('clean')).toMatchObject({ memory: '1Gi', retries: '3', cpu: '' });
    expect(edits(place('clean2', metadata), { settings: { memory: '4Gi', retries: '' } })).toEqual([
      ['replace-tag', { cell: 'clean', old: 'limit:memory:1Gi', new: null }],
      ['set-metadata', { cell: 'clean', patch: { resources: { memory: '4Gi' } } }],
      ['set-metadata', { cell: 'clean2', patch: { retries: null, resources: null } }]
    ]);
  });

  it('is about the settings of the step that the cell joins', () => {
    const metadata = { load: { kfjlab: { image: 'old:1' } } };
    const at = place('clean2', metadata);
    expect(at.texts(at.target({ choice: 'step', step: 'load' })).image).toBe('old:1');
    expect(edits(at, { choice: 'step', step: 'load', settings: { image: 'new:1' } })).toEqual([
      ['set-step', { cell: 'clean2', name: 'load' }],
      ['set-metadata', { cell: 'load', patch: { image: 'new:1' } }]
    ]);
  });

  it('has no settings for a cell of the prelude', () => {
    const at = place('setup');
    expect(at.target({})).toBeNull();
    expect(edits(at, { settings: { cpu: '2' } })).toEqual([]);
  });
});

describe('settings', () => {
  it.each<[Partial<Record<string, string>>, unknown]>([
    [{ cpu: '0.5' }, { resources: { cpu: 0.5 } }],
    [{ cpu: '500m', memory: '4Gi' }, { resources: { cpu: '500m', memory: '4Gi' } }],
    [{ gpus: '1' }, { resources: { gpu: { count: 1, kind: null } } }],
    [{ gpus: '2', gpuKind: 'amd.com/gpu' }, { resources: { gpu: { count: 2, kind: 'amd.com/gpu' } } }],
    [{ image: '12' }, { image: '12' }],
    [{ retries: '2' }, { retries: 2 }],
    [{ retries: 'two' }, { retries: 'two' }],
    [{ timeout: '90' }, { timeout: 90 }],
    [{ timeout: '1h30m' }, { timeout: '1h30m' }],
    [{ cache: 'false' }, { cache: false }],
    [{ env: 'A=1\nB=x=y\n\nC' }, { env: { A: '1', B: 'x=y', C: '' } }]
  ])('writes %j', (texts, patch) => {
    const fields = Object.keys(texts) as (keyof typeof NO_TEXTS)[];
    expect(patchOf({}, fields, { ...NO_TEXTS, ...texts })).toEqual(patch);
  });

  it('reads what it has written, and what tags say', () => {
    const metadata = {
      kfjlab: {
        resources: { cpu: 2, memory: '4Gi', gpu: { kind: 'nvidia.com/gpu', count: 1 } },
        image: 'python:3.12',
        retries: 2,
        timeout: '30m',
        cache: false,
        env: { A: '1', B: 'x=y' }
      }
    };
    expect(textsOf(metadata)).toEqual({
      cpu: '2',
      memory: '4Gi',
      gpus: '1',
      gpuKind: 'nvidia.com/gpu',
      image: 'python:3.12',
      retries: '2',
      timeout: '30m',
      cache: 'false',
      env: 'A=1\nB=x=y'
    });
    const tags = ['limit:cpu:2', 'limit:nvidia.com/gpu:1', 'image:a:b', 'cache:disabled', 7];
    expect(textsOf({ tags })).toMatchObject({
      cpu: '2',
      gpus: '1',
      gpuKind: 'nvidia.com/gpu',
      image: 'a:b',
      cache: 'false'
    });
  });

  it('removes variables, and fields that become empty', () => {
    const metadata = { kfjlab: { env: { A: '1', B: '2' }, resources: { cpu: 1, memory: '1Gi' } } };
    expect(patchOf(metadata, ['env'], { ...NO_TEXTS, env: 'A=3' })).toEqual({ env: { A: '3', B: null } });
    expect(patchOf(metadata, ['env'], NO_TEXTS)).toEqual({ env: null });
    expect(patchOf(metadata, ['cpu'], NO_TEXTS)).toEqual({ resources: { cpu: null } });
    expect(patchOf(metadata, ['cpu', 'memory'], NO_TEXTS)).toEqual({ resources: null });
    expect(patchOf({}, ['cpu', 'image', 'env'], NO_TEXTS)).toBeNull();
  });

  it.each([null, 3, 'x', [], { resources: 7, env: [1], image: {} }])(
    'bears with metadata such as %j',
    kfjlab => {
      expect(textsOf({ kfjlab, tags: 'step:x' })).toEqual(NO_TEXTS);
    }
  );
});
