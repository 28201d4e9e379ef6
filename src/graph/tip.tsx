import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IPoint } from './layout';
import { described, type ILink, linkKey } from './links';
import type { IGraphNode } from './types';
import type { ISize } from './viewport';
import { gives, needs } from './wording';

/** What is pointed at, or has the focus, and where: a place in the frame. */
export interface IPointed extends IPoint {
  readonly what: 'node' | 'link';
  /** How far up it must stay free, so that what is pointed at is not covered. */
  readonly clear: number;
  /** The node's name, or the link's key. */
  readonly id: string;
}

export interface ITipProps {
  pointed: IPointed;
  nodes: readonly IGraphNode[];
  links: readonly ILink[];
  /** Of the frame. */
  size: ISize;
  trans: TranslationBundle;
}

const WIDTH = 240;

/** What travels along a line, or what a step needs and gives. */
export function Tip({ pointed, nodes, links, size, trans }: ITipProps): React.JSX.Element | null {
  const text = words(pointed, nodes, links, trans);
  if (!text) {
    return null;
  }
  const left = Math.max(4, Math.min(pointed.x + 8, size.width - WIDTH - 4));
  // Where there is more room, so that it is not cut off.
  const below = pointed.y < size.height / 2;
  const place = below ? { top: pointed.y + 14 } : { bottom: size.height - pointed.y + pointed.clear + 10 };
  return (
    <div
      className={`kfj-Graph-tip kfj-mod-${pointed.what}`}
      role="tooltip"
      style={{ left, maxWidth: WIDTH, ...place }}
    >
      <strong>{text.title}</strong>
      {text.lines.map(line => (
        <div key={line}>{line}</div>
      ))}
    </div>
  );
}

function words(
  { what, id }: IPointed,
  nodes: readonly IGraphNode[],
  links: readonly ILink[],
  trans: TranslationBundle
): { title: string; lines: string[] } | null {
  if (what === 'link') {
    const link = links.find(one => linkKey(one) === id);
    return link ? { title: `${link.source} → ${link.target}`, lines: described(link, trans) } : null;
  }
  if (!nodes.some(node => node.name === id)) {
    return null;
  }
  return { title: id, lines: [needs(id, links, trans), gives(id, links, trans)].filter(Boolean) };
}
