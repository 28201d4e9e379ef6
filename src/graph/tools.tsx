import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { type IViewActions, STEP } from './use-view';

/** Buttons of a graph. */
export function Tools({
  act,
  trans,
  children
}: {
  act: IViewActions;
  trans: TranslationBundle;
  children?: React.ReactNode;
}): React.JSX.Element {
  return (
    <div className="kfj-Graph-tools" role="toolbar" aria-label={trans.__('View of the graph')}>
      <Tool label={trans.__('Zoom in')} onClick={() => act.zoom(STEP)} d="M3,8H13M8,3V13" />
      <Tool label={trans.__('Zoom out')} onClick={() => act.zoom(1 / STEP)} d="M3,8H13" />
      <Tool label={trans.__('Show all')} onClick={act.fit} d="M3,6V3H6M10,3H13V6M13,10V13H10M6,13H3V10" />
      {children}
    </div>
  );
}

/** A button with a drawing of strokes in a square of 16. */
export function Tool({
  label,
  d,
  pressed,
  onClick
}: {
  label: string;
  d: string;
  pressed?: boolean;
  onClick: () => void;
}): React.JSX.Element {
  return (
    <button
      type="button"
      className="kfj-Graph-tool"
      title={label}
      aria-label={label}
      aria-pressed={pressed}
      onClick={onClick}
    >
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
        <path d={d} />
      </svg>
    </button>
  );
}
