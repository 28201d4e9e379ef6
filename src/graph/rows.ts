import type { IBox, IPoint, IShape } from './layout';

/** The room between boxes of a row, between rows, and that a line takes in a row that it only passes. */
const GAP = 16;
const BETWEEN = 40;
const LANE = 8;
/** How far outside of a row a line turns, so that it does not cut the corner of a box. */
const CLEAR = 12;
/** How often rows are put in order, downwards and up again. */
const SWEEPS = 4;
/** Lines are straight, so that boxes give way to them. */
const STRAIGHT = 4;
/** Of more lanes than this, none is made: lines go behind what is on their way. */
const MOST_LANES = 20_000;

/** A link: indices of two shapes. */
export type Pair = readonly [source: number, target: number];

/** Where shapes and lines are, in the order of both. */
export interface IPlaced {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly IBox[];
  readonly lines: readonly (readonly IPoint[])[];
}

/** Something with a place in a row: a shape, or the lane of lines that pass the row. */
interface IPlace {
  readonly row: number;
  readonly width: number;
  readonly weight: number;
  readonly above: IPlace[];
  readonly below: IPlace[];
  /** Its centre. */
  at: number;
}

/**
 * Where shapes and lines of a large graph go, in time that hardly grows faster than the graph: each shape is in the row below the lowest
 * that it comes after; rows are put in order, and then in place, by the middle of what they are joined with in the rows beside them. Lines
 * that leave one shape share their way. Draws downwards.
 */
export function inRows(shapes: readonly IShape[], links: readonly Pair[], margin: number): IPlaced {
  const row = rowsOf(shapes.length, links);
  const places = shapes.map(({ width }, index): IPlace => place(row[index] ?? 0, width, 1));
  const ways = join(places, links);
  const rows: IPlace[][] = [];
  for (const one of [...places, ...[...ways.values()].flat()]) {
    (rows[one.row] ??= []).push(one);
  }
  arrange(rows);

  const ends = rows.flatMap(all => [all[0], all.at(-1)] as IPlace[]);
  const left = Math.min(...ends.map(({ at, width }) => at - width / 2)) - margin;
  const right = Math.max(...ends.map(({ at, width }) => at + width / 2)) + margin;
  const heights = rows.map(() => 0);
  shapes.forEach(({ height }, index) => {
    const at = row[index] ?? 0;
    heights[at] = Math.max(heights[at] ?? 0, height);
  });
  let next = margin;
  const tops = heights.map(height => {
    const top = next;
    next += height + BETWEEN;
    return top;
  });
  const boxes = shapes.map(({ width, height }, index) => {
    const { at, row: number } = places[index] as IPlace;
    return { x: at - width / 2 - left, y: tops[number] ?? 0, width, height };
  });
  const lines = links.map(([source, target]) => {
    const [from, to] = [boxes[source] as IBox, boxes[target] as IBox];
    const lanes = ways.get(source) ?? [];
    const corners = lanes
      .filter(lane => lane.row < (row[target] ?? 0))
      .flatMap(({ at, row: number }) => {
        const [x, y] = [at - left, tops[number] ?? 0];
        return [
          { x, y: y - CLEAR },
          { x, y: y + (heights[number] ?? 0) + CLEAR }
        ];
      });
    return straightened([
      { x: from.x + from.width / 2, y: from.y + from.height },
      ...corners,
      { x: to.x + to.width / 2, y: to.y }
    ]);
  });
  return { width: right - left, height: next - BETWEEN + margin, boxes, lines };
}

/** The row of each shape. What comes after nothing is right above what comes after it. */
export function rowsOf(count: number, links: readonly Pair[]): number[] {
  const targets: number[][] = Array.from({ length: count }, () => []);
  const rows = new Array<number>(count).fill(0);
  const first = new Array<boolean>(count).fill(true);
  for (const [source, target] of links) {
    // Steps are in an order in which they can run: a line back is in a circle, which only a mistake makes.
    if (source < target) {
      targets[source]?.push(target);
      first[target] = false;
    }
  }
  targets.forEach((found, source) => {
    for (const target of found) {
      rows[target] = Math.max(rows[target] ?? 0, (rows[source] ?? 0) + 1);
    }
  });
  return rows.map((row, index) =>
    first[index] && targets[index]?.length
      ? Math.min(...targets[index].map(target => rows[target] ?? 0)) - 1
      : row
  );
}

function place(row: number, width: number, weight: number): IPlace {
  return { row, width, weight, above: [], below: [], at: 0 };
}

/** Join the places of shapes by lanes; the lanes of each source, from its row down to the one above its furthest target. */
function join(places: readonly IPlace[], links: readonly Pair[]): Map<number, IPlace[]> {
  const ways = new Map<number, IPlace[]>();
  const forward = links.filter(([source, target]) => source < target);
  const ends = new Map<number, number>();
  for (const [source, target] of forward) {
    ends.set(source, Math.max(ends.get(source) ?? 0, places[target]?.row ?? 0));
  }
  const lanes = [...ends].reduce((sum, [source, end]) => sum + end - (places[source]?.row ?? 0) - 1, 0);
  for (const [source, end] of ends) {
    const start = places[source] as IPlace;
    const length = lanes > MOST_LANES ? 0 : end - start.row - 1;
    const way = Array.from({ length }, (_, step) => place(start.row + 1 + step, LANE, STRAIGHT));
    [start, ...way].forEach((one, step) => way[step] && tie(one, way[step]));
    ways.set(source, way);
  }
  for (const [source, target] of forward) {
    const to = places[target] as IPlace;
    const way = ways.get(source) ?? [];
    tie(way[to.row - (places[source]?.row ?? 0) - 2] ?? (places[source] as IPlace), to);
  }
  return ways;
}

function tie(above: IPlace, below: IPlace): void {
  above.below.push(below);
  below.above.push(above);
}

/** Put rows in order and in place. */
function arrange(rows: IPlace[][]): void {
  for (const row of rows) {
    spread(row, () => 0);
  }
  const downwards = rows.slice(1);
  const upwards = rows.slice(0, -1).reverse();
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const row of downwards) {
      settle(row, one => one.above);
    }
    for (const row of upwards) {
      settle(row, one => one.below);
    }
  }
  for (const row of [...downwards, ...upwards]) {
    spread(row, one => middle([...one.above, ...one.below], one.at));
  }
}

function settle(row: IPlace[], beside: (one: IPlace) => readonly IPlace[]): void {
  const wanted = new Map(row.map(one => [one, middle(beside(one), one.at)]));
  row.sort((a, b) => (wanted.get(a) ?? 0) - (wanted.get(b) ?? 0));
  spread(row, one => wanted.get(one) ?? 0);
}

function middle(places: readonly IPlace[], otherwise: number): number {
  return places.length ? places.reduce((sum, { at }) => sum + at, 0) / places.length : otherwise;
}

/** Put the places of a row as near to where they are wanted as their order and widths allow (isotonic regression, by pooling). */
function spread(row: readonly IPlace[], wanted: (one: IPlace) => number): void {
  const pools: { mean: number; weight: number; count: number }[] = [];
  const offsets: number[] = [];
  let offset = 0;
  row.forEach((one, index) => {
    const before = row[index - 1];
    offset += before ? (before.width + one.width) / 2 + gap(before, one) : 0;
    offsets.push(offset);
    let pool = { mean: wanted(one) - offset, weight: one.weight, count: 1 };
    for (let last = pools.at(-1); last && last.mean > pool.mean; last = pools.at(-1)) {
      const weight = last.weight + pool.weight;
      const mean = (last.mean * last.weight + pool.mean * pool.weight) / weight;
      pool = { mean, weight, count: last.count + pool.count };
      pools.pop();
    }
    pools.push(pool);
  });
  let index = 0;
  for (const { mean, count } of pools) {
    for (const end = index + count; index < end; index++) {
      (row[index] as IPlace).at = mean + (offsets[index] ?? 0);
    }
  }
}

function gap(one: IPlace, other: IPlace): number {
  return one.width === LANE && other.width === LANE ? 0 : GAP;
}

/** Without the corners at which a line does not turn. */
function straightened(points: readonly IPoint[]): IPoint[] {
  return points.filter((point, index) => {
    const [before, after] = [points[index - 1], points[index + 1]];
    return !before || !after || before.x !== point.x || after.x !== point.x;
  });
}
