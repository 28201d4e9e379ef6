import { Graph, layout as dagre } from '@dagrejs/dagre';

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
/** More lines than this are not put in the best order, which takes too long, only in a good one. */
const MANY = 150;

/** Where nodes and lines go. Lines between nodes that are not there are left out. */
export function layout(
  shapes: readonly IShape[],
  links: readonly { readonly source: string; readonly target: string }[],
  direction: Direction
): IDrawing {
  const graph = new Graph();
  graph.setGraph({
    rankdir: direction === 'down' ? 'TB' : 'LR',
    nodesep: 16,
    ranksep: 40,
    marginx: MARGIN,
    marginy: MARGIN,
    ...(links.length > MANY && { ranker: 'tight-tree' })
  });
  graph.setDefaultEdgeLabel(() => ({}));
  if (shapes.length === 0) {
    return { width: 0, height: 0, nodes: new Map(), lines: new Map() };
  }
  // dagre keeps nodes in plain objects, in which a name such as `__proto__` is lost.
  const numbers = new Map(shapes.map(({ id }, index) => [id, `n${index}`]));
  for (const { id, width, height } of shapes) {
    graph.setNode(numbers.get(id) ?? '', { width, height });
  }
  const drawn = links.filter(({ source, target }) => numbers.has(source) && numbers.has(target));
  for (const { source, target } of drawn) {
    graph.setEdge(numbers.get(source) ?? '', numbers.get(target) ?? '', {});
  }
  dagre(graph, { disableOptimalOrderHeuristic: links.length > MANY });
  return {
    ...size(graph),
    nodes: new Map(
      shapes.map(shape => [shape.id, box(graph.node(numbers.get(shape.id) ?? '') as IPoint, shape)])
    ),
    lines: new Map(
      drawn.map(({ source, target }) => {
        const line = graph.edge(numbers.get(source) ?? '', numbers.get(target) ?? '') as {
          points?: IPoint[];
        };
        return [`${source}\n${target}`, line.points ?? []];
      })
    )
  };
}

function size(graph: Graph): { width: number; height: number } {
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return { width, height };
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
