import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { PipelineView, RunDetail } from '../api/schema';
import { Inline, StateGlyph } from '../ui/glyphs';
import { LockableButton, LockNote } from '../ui/locked';
import { runWord } from '../ui/states';
import { ordered } from './nodes';
import { Place } from './problems';
import { RunFormPart } from './run-form-part';
import type { Session } from './session';
import type { ITools } from './tools';

/** The Run button, why it cannot be pressed, the form behind it, and the newest run. It stays in sight. */
export function RunBar({
  session,
  view,
  tools,
  plain = false
}: {
  session: Session;
  view: PipelineView;
  tools: ITools;
  /** Not the main thing to do here. */
  plain?: boolean;
}): React.JSX.Element | null {
  const { trans } = tools;
  const { runs, form } = session;
  const note = React.useId();
  if (!runs) {
    return null;
  }
  const first = ordered(view.problems).find(problem => problem.severity === 'error');
  const errors = view.problems.filter(problem => problem.severity === 'error').length;
  const blocked = !view.runnable;
  const locked = tools.policy.whyOff('run');
  return (
    <div className="kfj-RunBar">
      {form ? (
        <RunFormPart form={form} session={session} view={view} blocked={blocked} tools={tools} />
      ) : (
        <div className="kfj-Bar">
          <div className="kfj-Split">
            <LockableButton
              why={locked}
              note={note}
              className={`jp-mod-styled${plain ? '' : ' jp-mod-accept'}`}
              disabled={blocked || session.busy !== null}
              aria-describedby={blocked ? 'kfj-blocked' : undefined}
              onClick={() => void session.run()}
            >
              {session.busy === 'starting'
                ? trans.__('Starting…')
                : plain
                  ? trans.__('Run as one step')
                  : session.asks
                    ? trans.__('Run…')
                    : trans.__('Run')}
            </LockableButton>
            {!session.asks && locked === null && (
              <button
                type="button"
                className={`jp-mod-styled${plain ? '' : ' jp-mod-accept'} kfj-Split-more`}
                disabled={blocked || session.busy !== null}
                title={trans.__('Run with options…')}
                aria-label={trans.__('Run with options…')}
                onClick={() => session.ask()}
              >
                ▾
              </button>
            )}
          </div>
          <Newest session={session} detail={session.latest?.detail ?? null} trans={trans} />
        </div>
      )}
      {locked !== null && <LockNote id={note} why={locked} />}
      {blocked && locked === null && (
        <p className="kfj-Blocked" id="kfj-blocked" role="status">
          {errors
            ? trans._n(
                'An error must be mended before it can run.',
                '%1 errors must be mended before it can run.',
                errors
              )
            : trans.__('There is nothing to run yet.')}{' '}
          {first && <Place problem={first} session={session} view={view} trans={trans} />}
        </p>
      )}
    </div>
  );
}

/** How the newest run of the notebook stands. */
function Newest({
  session,
  detail,
  trans
}: {
  session: Session;
  detail: RunDetail | null;
  trans: TranslationBundle;
}): React.JSX.Element | null {
  if (!detail) {
    return null;
  }
  const { id, state } = detail.summary;
  const over = detail.steps.filter(step => step.state !== 'waiting' && step.state !== 'running').length;
  return (
    <div className="kfj-Newest" role="status">
      <Inline>
        <StateGlyph
          state={state === 'queued' ? 'waiting' : state === 'interrupted' ? 'cancelled' : state}
          progress={detail.steps.length ? over / detail.steps.length : undefined}
        />
      </Inline>
      <span>{newestWord(state, over, detail.steps.length, trans)}</span>
      <button type="button" className="kfj-link" onClick={() => session.runs?.open(id)}>
        {trans.__('Show run')}
      </button>
    </div>
  );
}

function newestWord(
  state: RunDetail['summary']['state'],
  over: number,
  steps: number,
  trans: TranslationBundle
): string {
  switch (state) {
    case 'queued':
      return trans.__('Starting…');
    case 'running':
      return trans.__('%1 of %2 steps', over, steps);
    default:
      return runWord(state, trans);
  }
}
