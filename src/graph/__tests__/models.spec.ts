import { nullTranslator } from '@jupyterlab/translation';

import { duration } from '../../ui/states';
import { layout } from '../layout';
import { described, linksOf, summary } from '../links';
import { shortened } from '../text';
import { first, fitted, showing, zoomed } from '../viewport';
import { walk } from '../walking';
import { gives, needs } from '../wording';

const trans = nullTranslator.load('kfjlab');

const EDGES = [
  { source: 'load', target: 'clean', kind: 'order', resources: [] },
  { source: 'load', target: 'clean', kind: 'data', resources: ['var:df', 'var:*'] },
  { source: 'load', target: 'plot', kind: 'file', resources: ['file:a.csv', 'dir:out', 'env:HOME'] },
  { source: 'clean', target: 'train', kind: 'ambient', resources: ['ambient:numpy.random'] },
  { source: 'plot', target: 'train', kind: 'order', resources: [] }
];

describe('links', () => {
  const links = linksOf(EDGES);

  it('are one for a pair of steps, of the most telling kind', () => {
    expect(links.map(({ source, target, kind }) => [source, target, kind])).toEqual([
      ['load', 'clean', 'data'],
      ['load', 'plot', 'file'],
      ['clean', 'train', 'ambient'],
      ['plot', 'train', 'order']
    ]);
  });

  it('say what travels', () => {
    expect(links.map(link => summary(link, trans))).toEqual([
      'df, any variable',
      'a.csv, out/, $HOME',
      'state of numpy.random',
      'order only'
    ]);
    expect(described(links[0]!, trans)).toEqual([
      'Order only, as its tag says',
      'Variables: df, any variable'
    ]);
  });

  it('say it for a step', () => {
    expect(needs('train', links, trans)).toBe('after clean (state of numpy.random); plot (order only)');
    expect(needs('load', links, trans)).toBe('');
    expect(gives('load', links, trans)).toBe(
      'gives df, any variable to clean; gives a.csv, out/, $HOME to plot'
    );
    expect(gives('plot', links, trans)).toBe('before train');
  });
});

describe('arrow keys', () => {
  const links = linksOf(EDGES);
  const shapes = ['load', 'clean', 'plot', 'train'].map(id => ({ id, width: 100, height: 40 }));

  it('follow the lines downwards and back, and go across a row', () => {
    const drawing = layout(shapes, links, 'down');
    const go = (from: string, key: 'Up' | 'Down' | 'Left' | 'Right') =>
      walk(drawing, links, 'down', from, `Arrow${key}`);
    const [left, right] = ['clean', 'plot'].sort(
      (a, b) => drawing.nodes.get(a)!.x - drawing.nodes.get(b)!.x
    ) as [string, string];
    expect([left, right]).toContain(go('load', 'Down'));
    expect(go(left, 'Right')).toBe(right);
    expect(go(right, 'Left')).toBe(left);
    expect(go(right, 'Right')).toBeNull();
    expect(go('clean', 'Down')).toBe('train');
    expect(go('plot', 'Up')).toBe('load');
    expect(go('load', 'Up')).toBeNull();
    expect(go('gone', 'Up')).toBeNull();
  });

  it('follow a graph that goes to the right', () => {
    const drawing = layout(shapes, links, 'right');
    expect(walk(drawing, links, 'right', 'clean', 'ArrowRight')).toBe('train');
    expect(walk(drawing, links, 'right', 'clean', 'ArrowLeft')).toBe('load');
  });
});

describe('view', () => {
  const frame = { width: 300, height: 200 };

  it('fits all in, centred, and is never larger than the drawing', () => {
    expect(fitted({ width: 568, height: 200 }, frame)).toEqual({ scale: 0.5, x: 8, y: 50 });
    expect(fitted({ width: 100, height: 100 }, frame)).toEqual({ scale: 1, x: 100, y: 50 });
    expect(fitted({ width: 0, height: 0 }, { width: 0, height: 0 }).scale).toBe(1);
  });

  it('begins at the first steps when all would be too small to read', () => {
    const view = first({ width: 284, height: 9000 }, frame);
    expect(view).toEqual({ scale: 1, x: 8, y: 8 });
  });

  it('zooms around a point', () => {
    const view = zoomed({ scale: 1, x: 10, y: 20 }, 2, { x: 110, y: 120 });
    expect(view).toEqual({ scale: 2, x: -90, y: -80 });
    expect(zoomed(view, 1e9, { x: 0, y: 0 }).scale).toBeLessThan(10);
  });

  it('moves no more than needed to show a node', () => {
    const view = { scale: 1, x: 0, y: 0 };
    const box = { x: 50, y: 50, width: 100, height: 40 };
    expect(showing(view, box, frame)).toEqual(view);
    expect(showing(view, { ...box, y: 300 }, frame, 10)).toEqual({ scale: 1, x: 0, y: -150 });
    expect(showing(view, { ...box, x: -80 }, frame, 10)).toEqual({ scale: 1, x: 90, y: 0 });
  });
});

describe('text', () => {
  it('is cut when it is too long', () => {
    expect(shortened('train', 100)).toBe('train');
    const cut = shortened('a_name_that_goes_on_and_on_and_on', 100);
    expect(cut.endsWith('…')).toBe(true);
    expect(cut.length).toBeLessThan(18);
    expect(shortened('数据处理数据处理数据处理', 100).length).toBeLessThan(9);
    expect(shortened('👩‍🔬'.repeat(40), 50)).not.toContain('\ufffd');
  });
});

describe('durations', () => {
  it.each([
    [0.04, '0.0 s'],
    [9.94, '9.9 s'],
    [9.96, '10 s'],
    [59.6, '1 min 00 s'],
    [185, '3 min 05 s'],
    [3599.7, '1 h 00 min'],
    [7800, '2 h 10 min']
  ])('%d s are %s', (seconds, text) => expect(duration(seconds)).toBe(text));
});
