import { layout, path } from '../layout';

const shape = (id: string) => ({ id, width: 100, height: 40 });
const line = (source: string, target: string) => ({ source, target });

describe('layout', () => {
  const shapes = ['load', 'clean', 'plot', 'train'].map(shape);
  const links = [line('load', 'clean'), line('load', 'plot'), line('clean', 'train')];

  it.each([
    ['down', 'y', 'x'],
    ['right', 'x', 'y']
  ] as const)('puts steps after those they need: %s', (direction, along, across) => {
    const { nodes } = layout(shapes, links, direction);
    const of = (name: string) => nodes.get(name) ?? { x: NaN, y: NaN, width: 0, height: 0 };
    for (const { source, target } of links) {
      expect(of(target)[along]).toBeGreaterThan(of(source)[along] + (along === 'y' ? 40 : 100));
    }
    expect(of('clean')[along]).toBe(of('plot')[along]);
    expect(of('clean')[across]).not.toBe(of('plot')[across]);
  });

  it('keeps all boxes apart and inside', () => {
    const many = Array.from({ length: 60 }, (_, i) => shape(`s${i}`));
    const lines = many.flatMap((_, i) =>
      [1, 3, 7].filter(d => i + d < 60).map(d => line(`s${i}`, `s${i + d}`))
    );
    const { nodes, width, height } = layout(many, lines, 'down');
    const boxes = [...nodes.values()];
    expect(boxes).toHaveLength(60);
    for (const [i, one] of boxes.entries()) {
      expect(one.x).toBeGreaterThanOrEqual(0);
      expect(one.x + one.width).toBeLessThanOrEqual(width);
      expect(one.y + one.height).toBeLessThanOrEqual(height);
      for (const other of boxes.slice(i + 1)) {
        const apart =
          one.x + one.width <= other.x ||
          other.x + other.width <= one.x ||
          one.y + one.height <= other.y ||
          other.y + other.height <= one.y;
        expect(apart).toBe(true);
      }
    }
  });

  it('draws each line from its source to its target', () => {
    const { nodes, lines } = layout(shapes, links, 'down');
    const points = lines.get('load\nclean') ?? [];
    expect(points[0]?.y).toBe((nodes.get('load')?.y ?? 0) + 40);
    expect(points[points.length - 1]?.y).toBe(nodes.get('clean')?.y);
  });

  it('takes an empty graph, circles, and lines from or to nowhere', () => {
    expect(layout([], [], 'down').nodes.size).toBe(0);
    const { nodes, lines } = layout(
      [shape('a'), shape('b')],
      [line('a', 'b'), line('b', 'a'), line('a', 'gone'), line('__proto__', 'b')],
      'down'
    );
    expect([...nodes.keys()]).toEqual(['a', 'b']);
    expect([...lines.keys()].sort()).toEqual(['a\nb', 'b\na']);
  });

  it('takes names that objects have themselves', () => {
    const { nodes } = layout(
      ['__proto__', 'constructor', 'toString'].map(shape),
      [line('constructor', 'toString')],
      'down'
    );
    expect([...nodes.keys()]).toEqual(['__proto__', 'constructor', 'toString']);
    expect([...nodes.values()].every(box => Number.isFinite(box.x) && Number.isFinite(box.y))).toBe(true);
  });
});

describe('path', () => {
  it('goes through the first and the last corner', () => {
    const corners = [0, 10, 20, 30].map(n => ({ x: n, y: n * 2 }));
    expect(path(corners)).toBe('M0,0Q10,20 15,30Q20,40 30,60');
    expect(path(corners.slice(0, 3))).toBe('M0,0Q10,20 20,40');
    expect(path(corners.slice(0, 2))).toBe('M0,0L10,20');
    expect(path([])).toBe('');
  });
});
