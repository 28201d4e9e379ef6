import { Graph, layout as dagre } from '@dagrejs/dagre';

import { inRows, type IPlaced, type Pair, rowsOf } from './rows';

/** A place in the drawing, in pixels at scale 1. */
export interface IPoint {
  readonly x: number;
  readonly y: number;
}

/** `x` and `y`: of the upper left corner. */
export interface IBox extends IPoint {
  readonly width: number;
  readonly height: number;
}

export interface IDrawing {
  readonly width: number;
  readonly height: number;
  readonly nodes: ReadonlyMap<string, IBox>;
  /** By `${source}\n${target}`: the corners of its line. */
  readonly lines: ReadonlyMap<string, readonly IPoint[]>;
}

export interface IShape {
  readonly id: string;
  readonly width: number;
  readonly height: number;
}

/** `down`: steps follow each other downwards; `right`: to the right. */
export type Direction = 'down' | 'right';

const MARGIN = 12;
/** Lines that go on through more rows than this, all together, take dagre longer than a drawing may that follows what is typed. */
const MANY = 120;

/** Where nodes and lines go. Lines between nodes that are not there are left out. */
export function layout(
  shapes: readonly IShape[],
  links: readonly { readonly source: string; readonly target: string }[],
  direction: Direction
): IDrawing {
  const numbers = new Map(shapes.map(({ id }, index) => [id, index]));
  const drawn = links.filter(({ source, target }) => numbers.has(source) && numbers.has(target));
  const pairs = drawn.map(({ source, target }): Pair => [numbers.get(source) ?? 0, numbers.get(target) ?? 0]);
  const rows = rowsOf(shapes.length, pairs);
  const through = pairs.reduce(
    (sum, [source, target]) => sum + Math.abs((rows[target] ?? 0) - (rows[source] ?? 0)),
    0
  );
  const { width, height, boxes, lines } = (through > MANY ? placedInRows : placedByDagre)(
    shapes,
    pairs,
    direction
  );
  return {
    width,
    height,
    nodes: new Map(shapes.map(({ id }, index) => [id, boxes[index] as IBox])),
    lines: new Map(drawn.map(({ source, target }, index) => [`${source}\n${target}`, lines[index] ?? []]))
  };
}

function placedInRows(shapes: readonly IShape[], pairs: readonly Pair[], direction: Direction): IPlaced {
  if (direction === 'down') {
    return inRows(shapes, pairs, MARGIN);
  }
  const sideways = shapes.map(({ id, width, height }) => ({ id, width: height, height: width }));
  const { width, height, boxes, lines } = inRows(sideways, pairs, MARGIN);
  return {
    width: height,
    height: width,
    boxes: boxes.map(box => ({ x: box.y, y: box.x, width: box.height, height: box.width })),
    lines: lines.map(line => line.map(({ x, y }) => ({ x: y, y: x })))
  };
}

function placedByDagre(shapes: readonly IShape[], pairs: readonly Pair[], direction: Direction): IPlaced {
  if (shapes.length === 0) {
    return { width: 0, height: 0, boxes: [], lines: [] };
  }
  const graph = new Graph();
  graph.setGraph({
    rankdir: direction === 'down' ? 'TB' : 'LR',
    nodesep: 16,
    ranksep: 40,
    marginx: MARGIN,
    marginy: MARGIN
  });
  graph.setDefaultEdgeLabel(() => ({}));
  // By numbers: dagre keeps nodes in plain objects, in which a name such as `__proto__` is lost.
  shapes.forEach(({ width, height }, index) => graph.setNode(String(index), { width, height }));
  for (const [source, target] of pairs) {
    graph.setEdge(String(source), String(target), {});
  }
  dagre(graph);
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return {
    width,
    height,
    boxes: shapes.map((shape, index) => box(graph.node(String(index)) as IPoint, shape)),
    lines: pairs.map(([source, target]) => {
      const line = graph.edge(String(source), String(target)) as { points?: IPoint[] };
      return line.points ?? [];
    })
  };
}

/** dagre speaks of centres. */
function box(centre: IPoint, { width, height }: IShape): IBox {
  return { x: centre.x - width / 2, y: centre.y - height / 2, width, height };
}

/** A smooth path through the corners of a line, from first to last. */
export function path(points: readonly IPoint[]): string {
  const [first, ...rest] = points;
  if (!first) {
    return '';
  }
  let text = `M${at(first)}`;
  rest.slice(0, -1).forEach((corner, index) => {
    const next = rest[index + 1] as IPoint;
    const middle =
      index === rest.length - 2 ? next : { x: (corner.x + next.x) / 2, y: (corner.y + next.y) / 2 };
    text += `Q${at(corner)} ${at(middle)}`;
  });
  return rest.length === 1 ? `${text}L${at(rest[0] as IPoint)}` : text;
}

function at({ x, y }: IPoint): string {
  return `${Math.round(x * 10) / 10},${Math.round(y * 10) / 10}`;
}
