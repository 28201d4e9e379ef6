import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { SeverityGlyph, StateGlyph } from '../ui/glyphs';
import { hueClass } from '../ui/step-color';
import { duration, shownState, stateWord } from '../ui/states';
import { shortened } from './text';
import type { IGraphNode, IStepStatus } from './types';

export const WIDTH = 172;
export const HEIGHT = 52;
const PICTURE = 104;

/** The height of a node, with or without a picture under it. */
export function heightOf(picture: boolean): number {
  return HEIGHT + (picture ? PICTURE : 0);
}

export interface INodeProps {
  node: IGraphNode;
  x: number;
  y: number;
  height: number;
  status?: IStepStatus;
  picture?: string;
  selected: boolean;
  /** Whether Tab leads to it. */
  reachable: boolean;
  label: string;
  trans: TranslationBundle;
}

/** A step: its name, how it stands, how many problems it has, and a picture that it made. */
export const Node = React.memo(function Node(props: INodeProps): React.JSX.Element {
  const { node, x, y, height, status, picture, selected, reachable, label, trans } = props;
  const badge = node.errors ? 'error' : node.warnings ? 'warning' : null;
  const state = status && shownState(status);
  const classes = ['kfj-Graph-node', hueClass(node.name)];
  if (selected) {
    classes.push('kfj-mod-selected');
  }
  if (state) {
    classes.push(`kfj-mod-${state}`);
  }
  return (
    <g
      className={classes.join(' ')}
      transform={`translate(${x},${y})`}
      data-step={node.name}
      role="button"
      aria-label={label}
      aria-pressed={selected}
      tabIndex={reachable ? 0 : -1}
    >
      <rect className="kfj-Graph-focus" x="-4" y="-4" width={WIDTH + 8} height={height + 8} rx="9" />
      <rect className="kfj-Graph-card" width={WIDTH} height={height} rx="6" />
      <rect className="kfj-Graph-stripe" x="6" y="9" width="4" height={HEIGHT - 18} rx="2" />
      <text className="kfj-Graph-name" x="18" y="22">
        {shortened(node.name, WIDTH - (badge ? 58 : 28))}
      </text>
      {status ? <Status status={status} trans={trans} /> : <Note node={node} trans={trans} />}
      {badge && (
        <g transform={`translate(${WIDTH - 15},17)`}>
          <SeverityGlyph severity={badge} />
          <text className="kfj-Graph-count" x="-11" y="4" textAnchor="end">
            {badge === 'error' ? node.errors : node.warnings}
          </text>
        </g>
      )}
      {picture && (
        <image
          className="kfj-Graph-picture"
          href={picture}
          x="8"
          y={HEIGHT}
          width={WIDTH - 16}
          height={PICTURE - 8}
          preserveAspectRatio="xMidYMid meet"
        />
      )}
    </g>
  );
});

function Status({ status, trans }: { status: IStepStatus; trans: TranslationBundle }): React.JSX.Element {
  const state = shownState(status);
  const { progress } = status;
  return (
    <>
      <g transform="translate(25,37)">
        <StateGlyph state={state} progress={progress && (progress.cell - 1) / progress.of} />
      </g>
      <text className="kfj-Graph-note" x="38" y="41">
        {state === 'running' && progress && progress.of > 1
          ? trans.__('Cell %1 of %2', progress.cell, progress.of)
          : stateWord(state, trans)}
      </text>
      <text className="kfj-Graph-note kfj-Graph-time" x={WIDTH - 10} y="41" textAnchor="end">
        <Time status={status} />
      </text>
    </>
  );
}

/** What a step is while there is no run. */
function Note({ node, trans }: { node: IGraphNode; trans: TranslationBundle }): React.JSX.Element {
  const cells = trans._n('%1 cell', '%1 cells', node.cells);
  return (
    <text className="kfj-Graph-note" x="18" y="41">
      {node.role === 'pipeline-metrics' ? trans.__('Metrics · %1', cells) : cells}
    </text>
  );
}

/** How long a step took, or, while it runs, has been running. */
function Time({ status }: { status: IStepStatus }): React.JSX.Element | null {
  const { state, started, seconds } = status;
  const running = state === 'running' && typeof started === 'number';
  const [now, setNow] = React.useState(() => Date.now() / 1000);
  React.useEffect(() => {
    if (running) {
      const timer = setInterval(() => setNow(Date.now() / 1000), 1000);
      return () => clearInterval(timer);
    }
    return undefined;
  }, [running]);
  if (running) {
    return <>{duration(Math.max(0, Math.floor(now - started)))}</>;
  }
  return typeof seconds === 'number' && !status.cached ? <>{duration(seconds)}</> : null;
}
