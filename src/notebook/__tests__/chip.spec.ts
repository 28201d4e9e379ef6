import { nullTranslator } from '@jupyterlab/translation';

import type * as schema from '../../api/schema';
import { cellStates, chipLabel, type ICellState } from '../cells';
import { Chip } from '../chip';
import { verdictOf } from '../editor/checked';
import { nextProblem } from '../next-problem';
import { view } from './views';

const trans = nullTranslator.load('kfjlab');

const cell = (index: number, more: Partial<schema.CellView> = {}): schema.CellView => ({
  id: `c${index}`,
  index,
  role: 'step',
  step: 'load',
  tagged: true,
  after: [],
  ...more
});

const problem = (at: number | null, more: Partial<schema.Problem> = {}): schema.Problem => ({
  code: 'x',
  severity: 'warning',
  message: 'So it is.',
  cell: at,
  line: null,
  step: null,
  fix: null,
  ...more
});

const step = (name: string, implicit = false) => ({ name, implicit }) as unknown as schema.StepView;

describe('cellStates', () => {
  it('tells a tag of its own from following the cell above and from nothing', () => {
    const states = cellStates(
      view({
        steps: [step('start', true), step('load')],
        cells: [
          cell(0, { step: 'start', tagged: false }),
          cell(2),
          cell(3, { tagged: false }),
          cell(4, { role: null, step: null, tagged: false }),
          cell(5, { role: 'imports', step: null, tagged: false })
        ]
      })
    );
    expect([...states.values()].map(state => state.by)).toEqual([
      'nothing',
      'tag',
      'above',
      'nothing',
      'above'
    ]);
  });

  it('finds the cells of problems by their place among all cells', () => {
    const states = cellStates(
      view({ cells: [cell(1), cell(4)], problems: [problem(4), problem(0), problem(null)] })
    );
    expect([...states.values()].map(state => state.problems.length)).toEqual([0, 1]);
  });

  it('does not trouble a notebook that nobody has tagged', () => {
    const states = cellStates(
      view({ untagged: true, cells: [cell(0, { tagged: false })], problems: [problem(0)] })
    );
    expect(states.get('c0')).toMatchObject({ by: 'nothing', problems: [] });
  });
});

describe('Chip', () => {
  const state: ICellState = { role: 'step', step: 'load', by: 'tag', after: [], problems: [] };
  let host: HTMLElement;
  let chip: Chip;
  const edit = jest.fn();

  beforeEach(() => {
    host = document.createElement('div');
    host.className = 'jp-Cell';
    chip = new Chip(host, trans, edit, () => undefined);
  });

  it('says step, role and problems in words', () => {
    chip.display({ ...state, after: ['a', 'b'], problems: [problem(0), problem(0, { severity: 'error' })] });
    expect(chip.button.getAttribute('aria-label')).toBe('Step load, after a, b, 2 problems (worst: Error)');
    expect(chip.button.querySelector('.kfj-mod-error')).not.toBeNull();
    expect(chipLabel({ ...state, by: 'above' }, trans)).toBe(
      'Step load, follows the cell above, no problems'
    );
    expect(chipLabel({ ...state, role: 'skip', step: null }, trans)).toBe('Skipped, no problems');
  });

  it('shows hostile names as text', () => {
    chip.display({ ...state, step: '<img src=x onerror=alert(1)>' });
    expect(chip.button.querySelector('img')).toBeNull();
    expect(chip.button.textContent).toContain('<img');
  });

  it('gives the cell its colour, and takes it back', () => {
    chip.display(state);
    expect(host.className).toMatch(/kfj-hue-\d/);
    chip.display(null);
    expect([host.className, chip.isHidden]).toEqual(['jp-Cell', true]);
  });

  it('touches nothing when nothing has changed', () => {
    chip.display(state);
    const before = chip.button.firstChild;
    chip.display({ ...state });
    expect(chip.button.firstChild).toBe(before);
  });

  it('takes no room for a cell that says nothing itself, unless it has a problem', () => {
    chip.display({ ...state, by: 'above' });
    expect(chip.hasClass('kfj-mod-quiet')).toBe(true);
    chip.display({ ...state, by: 'above', problems: [problem(0)] });
    expect(chip.hasClass('kfj-mod-quiet')).toBe(false);
  });

  it('opens the editor', () => {
    chip.button.click();
    expect(edit).toHaveBeenCalledTimes(1);
  });
});

describe('nextProblem', () => {
  const cells = [cell(0), cell(1), cell(2)];

  it('goes round, errors only while there are any', () => {
    const problems = [
      problem(0),
      problem(1, { severity: 'error', line: 3 }),
      problem(2, { severity: 'error' })
    ];
    expect(nextProblem(view({ cells, problems }), null)).toEqual({ cell: 'c1', line: 3 });
    expect(nextProblem(view({ cells, problems }), 'c1')).toEqual({ cell: 'c2' });
    expect(nextProblem(view({ cells, problems }), 'c2')).toEqual({ cell: 'c1', line: 3 });
    expect(nextProblem(view({ cells, problems: [problem(0)] }), 'c2')).toEqual({ cell: 'c0' });
    expect(nextProblem(view({ cells, problems: [problem(null)] }), null)).toBeUndefined();
  });
});

describe('verdictOf', () => {
  it('puts what the server says of a field beside it, and leaves out what was so before', () => {
    const bad = (path: string, text: string) =>
      problem(1, { code: 'bad-metadata', message: `'kfjlab.${path}' in the cell's metadata: ${text}` });
    const old = problem(0, { message: 'Known.' });
    const verdict = verdictOf(
      view({
        problems: [
          old,
          bad('resources.memory', "'4: x' is no quantity."),
          bad('env.1A', 'no name.'),
          problem(2)
        ]
      }),
      view({ problems: [old] })
    );
    expect([...verdict.fields]).toEqual([
      ['memory', "'4: x' is no quantity."],
      ['env', 'no name.']
    ]);
    expect(verdict.problems).toEqual([problem(2)]);
  });
});
