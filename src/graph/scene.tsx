import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { type IDrawing, path } from './layout';
import { type ILink, linkKey } from './links';
import { Node } from './node';
import type { IGraphNode, IStepStatus } from './types';
import { gives, needs, standing } from './wording';

export interface ISceneProps {
  nodes: readonly IGraphNode[];
  links: readonly ILink[];
  drawing: IDrawing;
  statuses?: ReadonlyMap<string, IStepStatus>;
  pictures?: ReadonlyMap<string, string>;
  selected: string | null;
  /** The node that Tab leads to. */
  reachable: string | null;
  /** The node or line (by its key) that is pointed at; its lines stand out. */
  pointed: string | null;
  trans: TranslationBundle;
}

/** The drawing itself: lines below, nodes above. */
export const Scene = React.memo(function Scene(props: ISceneProps): React.JSX.Element {
  const { nodes, links, drawing, statuses, pictures, selected, reachable, pointed, trans } = props;
  const labels = React.useMemo(
    () => new Map(nodes.map(({ name }) => [name, [needs(name, links, trans), gives(name, links, trans)]])),
    [nodes, links, trans]
  );
  return (
    <>
      {links.map(link => {
        const key = linkKey(link);
        const points = drawing.lines.get(key);
        const strong = key === pointed || link.source === pointed || link.target === pointed;
        return points && <Line key={key} id={key} kind={link.kind} d={path(points)} strong={strong} />;
      })}
      {nodes.map(node => {
        const box = drawing.nodes.get(node.name);
        const status = statuses?.get(node.name);
        const label = [node.name, standing(node, status, trans), ...(labels.get(node.name) ?? [])];
        return (
          box && (
            <Node
              key={node.name}
              node={node}
              x={box.x}
              y={box.y}
              height={box.height}
              status={status}
              picture={pictures?.get(node.name)}
              selected={node.name === selected}
              reachable={node.name === reachable}
              label={label.filter(Boolean).join('. ')}
              trans={trans}
            />
          )
        );
      })}
    </>
  );
});

interface ILineProps {
  id: string;
  kind: ILink['kind'];
  d: string;
  strong: boolean;
}

const Line = React.memo(function Line({ id, kind, d, strong }: ILineProps): React.JSX.Element {
  return (
    <g className={`kfj-Graph-link kfj-mod-${kind}${strong ? ' kfj-mod-strong' : ''}`} data-link={id}>
      <path className="kfj-Graph-line" d={d} markerEnd={`url(#kfj-arrow${strong ? '-strong' : ''})`} />
      <path className="kfj-Graph-hit" d={d} />
    </g>
  );
});

/** The heads of lines. Those of every graph of the page are alike, so that it does not matter whose are found. */
export const Heads = React.memo(function Heads(): React.JSX.Element {
  return (
    <defs>
      {['', '-strong'].map(kind => (
        <marker
          key={kind}
          id={`kfj-arrow${kind}`}
          className={`kfj-Graph-head${kind}`}
          viewBox="0 0 8 8"
          refX="7"
          refY="4"
          markerWidth="8"
          markerHeight="8"
          markerUnits="userSpaceOnUse"
          orient="auto"
        >
          <path d="M0,0.5L8,4L0,7.5Z" />
        </marker>
      ))}
    </defs>
  );
});
