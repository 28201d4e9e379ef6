import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Inline, SeverityGlyph, StateGlyph } from '../ui/glyphs';
import { shownState } from '../ui/states';
import type { ILink } from './links';
import type { IGraphNode, IStepStatus } from './types';
import { gives, needs, standing } from './wording';

export interface IListProps {
  nodes: readonly IGraphNode[];
  links: readonly ILink[];
  statuses?: ReadonlyMap<string, IStepStatus>;
  selected: string | null;
  onSelect: (name: string) => void;
  onOpen?: (name: string) => void;
  label: string;
  trans: TranslationBundle;
}

/** The graph as a list: every step with what it is after and what it gives. */
export function List(props: IListProps): React.JSX.Element {
  const { nodes, links, statuses, selected, onSelect, onOpen, label, trans } = props;
  return (
    <ul className="kfj-GraphList" aria-label={label}>
      {nodes.map(node => {
        const status = statuses?.get(node.name);
        return (
          <li key={node.name} className={node.name === selected ? 'kfj-mod-selected' : undefined}>
            <button
              type="button"
              data-step={node.name}
              aria-pressed={node.name === selected}
              onClick={() => onSelect(node.name)}
              onDoubleClick={() => (onOpen ?? onSelect)(node.name)}
            >
              {status && (
                <Inline>
                  <StateGlyph state={shownState(status)} />
                </Inline>
              )}
              {node.errors || node.warnings ? (
                <Inline>
                  <SeverityGlyph severity={node.errors ? 'error' : 'warning'} />
                </Inline>
              ) : null}
              <span className="kfj-GraphList-name">{node.name}</span>
              <span className="kfj-GraphList-standing">{standing(node, status, trans)}</span>
            </button>
            {[needs(node.name, links, trans), gives(node.name, links, trans)].filter(Boolean).map(text => (
              <div key={text}>{text}</div>
            ))}
          </li>
        );
      })}
    </ul>
  );
}

/** The same for people who hear the page, while others see the graph. */
export const SpokenList = React.memo(function SpokenList({
  nodes,
  links,
  statuses,
  label,
  trans
}: Pick<IListProps, 'nodes' | 'links' | 'statuses' | 'label' | 'trans'>): React.JSX.Element {
  return (
    <ul className="kfj-spoken" aria-label={label}>
      {nodes.map(node => (
        <li key={node.name}>
          {[
            node.name,
            standing(node, statuses?.get(node.name), trans),
            needs(node.name, links, trans),
            gives(node.name, links, trans)
          ]
            .filter(Boolean)
            .join('. ')}
        </li>
      ))}
    </ul>
  );
});
