import { columnsOf, sorted } from '../compare-model';
import { Latest } from '../latest';
import { pictureOf } from '../picture';
import { axisOf } from '../plot-layout';
import { timelineOf } from '../timeline-layout';
import { detail, step, summary } from './samples';

describe('timelineOf', () => {
  it('places the bars between the start of the run and now', () => {
    const run = detail({
      summary: summary({ started: 100 }),
      steps: [
        step('load', { state: 'succeeded', started: 100, ended: 105 }),
        step('train', { state: 'running', started: 105 }),
        step('reused', { state: 'succeeded', cached: true, started: 1, ended: 2, seconds: 1 }),
        step('later')
      ]
    });
    const { bars, span } = timelineOf(run, 120);
    expect(span).toBe(20);
    expect(bars.map(({ left, width, seconds }) => [left, width, seconds])).toEqual([
      [0, 25, 5],
      [25, 75, 15],
      [null, 0, 1],
      [null, 0, null]
    ]);
  });

  it('stays inside when nothing has begun, and when clocks differ', () => {
    const early = timelineOf(detail({ summary: summary({ started: null }) }), 50);
    expect(early.bars.every(bar => bar.left === null)).toBe(true);
    const skewed = timelineOf(detail({ steps: [step('a', { state: 'running', started: 2000 })] }), 1000);
    expect(skewed.bars[0]?.width).toBe(0);
    expect(skewed.bars[0]?.left).toBeLessThanOrEqual(100);
  });

  it.each([0.3, 7, 61, 4000, 500_000])('has at most seven ticks in %d seconds', seconds => {
    const run = detail({ summary: summary({ started: 0, ended: seconds, state: 'succeeded' }), steps: [] });
    const { ticks } = timelineOf(run, 0);
    expect(ticks.length).toBeLessThanOrEqual(7);
    expect(ticks.every(tick => tick.at >= 0 && tick.at <= 100)).toBe(true);
  });
});

describe('comparing', () => {
  const runs = [
    summary({ id: 'a', parameters: { lr: 0.1, kind: 'x' }, metrics: { loss: 3 }, started: 0, ended: 9 }),
    summary({
      id: 'b',
      parameters: { lr: 0.1, kind: 'y', depth: 2 },
      metrics: { loss: 1 },
      started: 0,
      ended: 9
    }),
    summary({ id: 'c', parameters: { lr: 0.1 }, metrics: { loss: null } })
  ];
  const columns = columnsOf(runs);
  const by = (key: string) => columns.find(column => column.key === key);

  it('knows what differs, also when a run has none of it', () => {
    expect(by('parameter:lr')).toMatchObject({ differs: false, numeric: true });
    expect(by('parameter:kind')).toMatchObject({
      differs: true,
      numeric: false,
      values: ['x', 'y', undefined]
    });
    expect(by('parameter:depth')).toMatchObject({ differs: true, numeric: true });
    expect(by('time:')?.values).toEqual([9, 9, null]);
  });

  it('sorts, with what is missing last both ways', () => {
    const order = (descending: boolean) =>
      sorted(runs, columns, { key: 'metric:loss', descending }).map(run => run.id);
    expect(order(false)).toEqual(['b', 'a', 'c']);
    expect(order(true)).toEqual(['a', 'b', 'c']);
  });

  it('takes a parameter named like a property of objects for what it is', () => {
    const odd = columnsOf([summary({ parameters: { constructor: 1 } }), summary()]);
    expect(odd.find(column => column.name === 'constructor')?.values).toEqual([1, undefined]);
  });

  it('scales numbers between round ones, and spreads words', () => {
    const losses = by('metric:loss');
    const kinds = by('parameter:kind');
    const rates = by('parameter:lr');
    if (!losses || !kinds || !rates) {
      throw new Error('a column is missing');
    }
    const scale = axisOf(losses, String);
    expect([scale.place(3), scale.place(1), scale.place(null)]).toEqual([1, 0, null]);
    expect(scale.ticks.map(tick => tick.label)).toEqual(['1', '1.5', '2', '2.5', '3']);
    const words = axisOf(kinds, String);
    expect([words.place('x'), words.place('y'), words.place(undefined)]).toEqual([0, 1, null]);
    expect(axisOf(rates, String).place(0.1)).toBe(0.5);
  });
});

describe('Latest', () => {
  const store = () => {
    const kept = new Map<string, string>();
    return {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value)
    };
  };

  it('remembers after a reload, for one server', () => {
    const browser = store();
    new Latest('/a/', browser).set('n.ipynb', 'r1');
    expect(new Latest('/a/', browser).get('n.ipynb')).toBe('r1');
    expect(new Latest('/b/', browser).get('n.ipynb')).toBeUndefined();
  });

  it('forgets the oldest when there are many', () => {
    const latest = new Latest('/', store());
    for (let n = 0; n < 300; n++) {
      latest.set(`${n}.ipynb`, 'r');
    }
    expect(latest.get('0.ipynb')).toBeUndefined();
    expect(latest.get('299.ipynb')).toBe('r');
  });

  it('makes do with a browser that stores nothing, or rubbish', () => {
    const warn = jest.spyOn(console, 'warn').mockImplementation(() => undefined);
    const full = () => {
      throw new Error('quota');
    };
    const latest = new Latest('/', { getItem: () => '{"a"', setItem: full });
    latest.set('n.ipynb', 'r1');
    expect(latest.get('n.ipynb')).toBe('r1');
    expect(warn).toHaveBeenCalledTimes(1);
    warn.mockRestore();
  });
});

describe('pictureOf', () => {
  const output = (data: Record<string, unknown>) => ({ cell: 'a', data, left_out: [] });

  it('takes the newest picture', () => {
    expect(pictureOf([output({ 'image/png': 'AAA=\n' }), output({ 'text/html': '<b>' })])).toBe(
      'data:image/png;base64,AAA='
    );
  });

  it('takes nothing that is no picture', () => {
    expect(
      pictureOf([output({ 'image/svg+xml': '<svg onload=x>' }), output({ 'image/png': '"><script>' })])
    ).toBeUndefined();
  });
});
