import type { Direction, IBox, IDrawing } from './layout';

export type Arrow = 'ArrowUp' | 'ArrowDown' | 'ArrowLeft' | 'ArrowRight';

interface ILine {
  readonly source: string;
  readonly target: string;
}

/**
 * The node that an arrow key leads to from `from`, null when there is none: along the lines in the direction of the graph, to the
 * neighbours of the same row across it.
 */
export function walk(
  drawing: IDrawing,
  links: readonly ILine[],
  direction: Direction,
  from: string,
  arrow: Arrow
): string | null {
  const here = drawing.nodes.get(from);
  if (!here) {
    return null;
  }
  const [forward, back, after] =
    direction === 'down'
      ? (['ArrowDown', 'ArrowUp', 'ArrowRight'] as const)
      : (['ArrowRight', 'ArrowLeft', 'ArrowDown'] as const);
  if (arrow === forward) {
    return nearest(
      drawing,
      here,
      links.filter(link => link.source === from).map(link => link.target)
    );
  }
  if (arrow === back) {
    return nearest(
      drawing,
      here,
      links.filter(link => link.target === from).map(link => link.source)
    );
  }
  const across = direction === 'down' ? (box: IBox) => box.x : (box: IBox) => box.y;
  const sign = arrow === after ? 1 : -1;
  const row = [...drawing.nodes]
    .filter(([, box]) => overlap(here, box, direction) && sign * (across(box) - across(here)) > 0)
    .map(([id]) => id);
  return nearest(drawing, here, row);
}

/** Whether two boxes are side by side, seen along the graph. */
function overlap(one: IBox, other: IBox, direction: Direction): boolean {
  return direction === 'down'
    ? one.y < other.y + other.height && other.y < one.y + one.height
    : one.x < other.x + other.width && other.x < one.x + one.width;
}

function nearest(drawing: IDrawing, here: IBox, ids: readonly string[]): string | null {
  let best: string | null = null;
  let least = Infinity;
  for (const id of ids) {
    const box = drawing.nodes.get(id);
    const distance = box
      ? Math.hypot(centre(box).x - centre(here).x, centre(box).y - centre(here).y)
      : Infinity;
    if (distance < least) {
      best = id;
      least = distance;
    }
  }
  return best;
}

function centre(box: IBox): { x: number; y: number } {
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}
