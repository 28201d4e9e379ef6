import type { IBox, IPoint } from '../layout';
import { inRows, type IPlaced, type Pair, rowsOf } from '../rows';

const shapes = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    id: `s${index}`,
    width: 172,
    height: index % 7 ? 52 : 156
  }));

/** Each after the one before, every third also after one far above. */
function tangle(count: number): Pair[] {
  const links: Pair[] = [];
  for (let target = 1; target < count; target++) {
    links.push([Math.max(0, target - 1 - (target % 4)), target]);
    if (target % 3 === 0) {
      links.push([(target * 7) % target, target]);
    }
  }
  return links.filter(([source, target], index) => {
    return index === links.findIndex(other => other[0] === source && other[1] === target);
  });
}

function corners({ boxes, lines }: IPlaced): { box: IBox; point: IPoint }[] {
  const inner = lines.flatMap(line => line.slice(1, -1));
  return inner.flatMap(point => boxes.filter(box => within(point, box)).map(box => ({ box, point })));
}

function within({ x, y }: IPoint, box: IBox): boolean {
  return x > box.x && x < box.x + box.width && y > box.y && y < box.y + box.height;
}

describe('rowsOf', () => {
  it('puts a step below all that it comes after, and what comes after nothing right above its use', () => {
    expect(rowsOf(5, [[0, 1], [1, 3], [0, 3], [2, 3]])).toEqual([0, 1, 1, 2, 0]); // prettier-ignore
  });

  it('takes lines back', () => {
    expect(rowsOf(2, [[0, 1], [1, 0]])).toEqual([0, 1]); // prettier-ignore
  });
});

describe('inRows', () => {
  it('keeps boxes apart and inside', () => {
    const { boxes, width, height } = inRows(shapes(200), tangle(200), 12);
    expect(boxes).toHaveLength(200);
    for (const [index, one] of boxes.entries()) {
      expect(Math.min(one.x, one.y)).toBeGreaterThanOrEqual(12);
      expect(one.x + one.width).toBeLessThanOrEqual(width - 11.9);
      expect(one.y + one.height).toBeLessThanOrEqual(height - 11.9);
      const near = boxes.slice(index + 1).filter(other => {
        const beside = one.x + one.width < other.x + 15.9 && other.x < one.x + one.width + 15.9;
        return beside && one.y < other.y + other.height && other.y < one.y + one.height;
      });
      expect(near).toEqual([]);
    }
  });

  it('leads lines past boxes, from below their source to above their target', () => {
    const links = tangle(200);
    const drawing = inRows(shapes(200), links, 12);
    expect(corners(drawing)).toEqual([]);
    links.forEach(([source, target], index) => {
      const line = drawing.lines[index] ?? [];
      const [from, to] = [drawing.boxes[source] as IBox, drawing.boxes[target] as IBox];
      expect(line[0]).toEqual({ x: from.x + 86, y: from.y + from.height });
      expect(line.at(-1)).toEqual({ x: to.x + 86, y: to.y });
      const heights = line.map(({ y }) => y);
      expect(heights).toEqual([...heights].sort((a, b) => a - b));
    });
  });

  it('draws a chain as a straight line, and lets lines of one step share their way', () => {
    const { boxes } = inRows(shapes(4), [[0, 1], [1, 2], [2, 3]], 12); // prettier-ignore
    expect(new Set(boxes.map(({ x }) => x)).size).toBe(1);
    const { lines } = inRows(shapes(4), [[0, 1], [1, 2], [2, 3], [0, 2], [0, 3]], 12); // prettier-ignore
    expect(lines[4]?.[1]).toEqual(lines[3]?.[1]);
  });

  it('draws more lines than there is room for straight', () => {
    const count = 1000;
    const links = tangle(count).concat(Array.from({ length: 100 }, (_, index): Pair => [index, count - 1]));
    const { lines, boxes } = inRows(shapes(count), links, 12);
    expect(boxes.every(({ x, y }) => Number.isFinite(x) && Number.isFinite(y))).toBe(true);
    expect(new Set(lines.map(line => line.length))).toEqual(new Set([2]));
  });
});
