import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Edge } from '../api/schema';
import { Canvas } from './canvas';
import { type Direction, type IShape, layout } from './layout';
import { Kept } from './kept';
import { linksOf } from './links';
import { List, SpokenList } from './list';
import { heightOf, WIDTH } from './node';
import { Tool } from './tools';
import type { IGraphNode, IStepStatus } from './types';

export interface IGraphProps {
  /** In notebook order. */
  nodes: readonly IGraphNode[];
  edges: readonly Edge[];
  /** Of a run, by step. A change of it does not lay out anew. */
  statuses?: ReadonlyMap<string, IStepStatus>;
  /** By step: a picture that it made, as a `data:` URL. */
  pictures?: ReadonlyMap<string, string>;
  selected: string | null;
  onSelect: (name: string | null) => void;
  /** Enter or a double click; as `onSelect` without. */
  onOpen?: (name: string) => void;
  direction: Direction;
  /** What it is a graph of. */
  label: string;
  trans: TranslationBundle;
}

/** A pipeline as a graph, or as the equivalent list. */
export function Graph(props: IGraphProps): React.JSX.Element {
  const { edges, statuses, pictures, direction, selected, onSelect, onOpen, label, trans } = props;
  const [asList, setAsList] = React.useState(false);
  const nodes = useKept(props.nodes);
  const links = useKept(React.useMemo(() => linksOf(edges), [edges]));
  const shapes = useKept(React.useMemo(() => shapesOf(nodes, pictures), [nodes, pictures]));
  const drawing = React.useMemo(() => layout(shapes, links, direction), [shapes, links, direction]);
  const toggle = (
    <Tool
      label={asList ? trans.__('Show as a graph') : trans.__('Show as a list')}
      onClick={() => setAsList(!asList)}
      d={
        asList
          ? 'M6,2.5H10V5.5H6ZM2,10.5H6V13.5H2ZM10,10.5H14V13.5H10ZM8,5.5V8M4,10.5V8H12V10.5'
          : 'M2.5,4H4M6.5,4H13.5M2.5,8H4M6.5,8H13.5M2.5,12H4M6.5,12H13.5'
      }
    />
  );
  const shared = { nodes, links, statuses, selected, onSelect, onOpen, label, trans };
  return (
    <div className="kfj-Graph">
      {asList ? (
        <>
          <List {...shared} />
          <div className="kfj-Graph-tools">{toggle}</div>
        </>
      ) : (
        <>
          <SpokenList {...shared} />
          <Canvas {...shared} drawing={drawing} direction={direction} pictures={pictures}>
            {toggle}
          </Canvas>
        </>
      )}
    </div>
  );
}

/** What the layout depends on of the nodes. */
export function shapesOf(
  nodes: readonly IGraphNode[],
  pictures: ReadonlyMap<string, string> | undefined
): IShape[] {
  return nodes.map(({ name }) => ({
    id: name,
    width: WIDTH,
    height: heightOf(pictures?.has(name) ?? false)
  }));
}

function useKept<T>(items: readonly T[]): readonly T[] {
  const [kept] = React.useState(() => new Kept<T>());
  return kept.of(items);
}
