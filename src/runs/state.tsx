import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type * as schema from '../api/schema';
import { Inline, StateGlyph } from '../ui/glyphs';
import { runWord, shownState, stateWord, type ShownState } from '../ui/states';

/** The drawing for each state of a run: those of steps. */
const SHOWN: Record<schema.RunState, ShownState> = {
  queued: 'waiting',
  running: 'running',
  succeeded: 'succeeded',
  failed: 'failed',
  cancelled: 'cancelled',
  interrupted: 'cancelled'
};

export function RunStateIcon({ state }: { state: schema.RunState }): React.JSX.Element {
  return (
    <Inline>
      <StateGlyph state={SHOWN[state]} />
    </Inline>
  );
}

export function RunState({
  state,
  trans
}: {
  state: schema.RunState;
  trans: TranslationBundle;
}): React.JSX.Element {
  return (
    <span className={`kfj-State kfj-mod-${SHOWN[state]}`}>
      <RunStateIcon state={state} /> {runWord(state, trans)}
    </span>
  );
}

export function StepState({
  step,
  progress,
  trans
}: {
  step: Pick<schema.StepRunView, 'state' | 'cached'>;
  progress?: { cell: number; of: number };
  trans: TranslationBundle;
}): React.JSX.Element {
  const state = shownState(step);
  return (
    <span className={`kfj-State kfj-mod-${state}`}>
      <Inline>
        <StateGlyph state={state} progress={progress && (progress.cell - 1) / progress.of} />
      </Inline>{' '}
      {state === 'running' && progress
        ? trans.__('Running cell %1 of %2', progress.cell, progress.of)
        : stateWord(state, trans)}
    </span>
  );
}
