import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { PipelineView, StepRunView } from '../api/schema';
import { linksOf } from '../graph/links';
import { gives, needs } from '../graph/wording';
import type { IPolicy } from '../tokens';
import { Inline, StateGlyph } from '../ui/glyphs';
import { LockableButton } from '../ui/locked';
import { duration, shownState, stateWord } from '../ui/states';
import type { Session } from './session';
import { placeWord } from './words';

/** The selected step: what it needs and gives, how it stands, and what can be done with it. */
export function StepPart({
  session,
  view,
  policy,
  trans
}: {
  session: Session;
  view: PipelineView;
  policy: IPolicy;
  trans: TranslationBundle;
}): React.JSX.Element | null {
  const step = view.steps.find(one => one.name === session.selected);
  const links = React.useMemo(() => linksOf(view.edges), [view]);
  if (!step) {
    return null;
  }
  const run = session.latest?.detail;
  const ran = run?.steps.find(one => one.name === step.name);
  const flows = [needs(step.name, links, trans), gives(step.name, links, trans)].filter(Boolean);
  return (
    <section className="kfj-Section" aria-label={trans.__('Step %1', step.name)}>
      <h3>{step.name}</h3>
      {ran && <Standing ran={ran} trans={trans} />}
      {flows.map(text => (
        <div key={text} className="kfj-dim">
          {text}
        </div>
      ))}
      {ran?.error && <Fault fault={ran.error} session={session} view={view} trans={trans} />}
      <StepActions
        session={session}
        view={view}
        ran={run && ran ? { run: run.summary.id, step: ran } : null}
        policy={policy}
        trans={trans}
      />
    </section>
  );
}

function Standing({ ran, trans }: { ran: StepRunView; trans: TranslationBundle }): React.JSX.Element {
  const state = shownState(ran);
  return (
    <div className="kfj-Standing">
      <Inline>
        <StateGlyph state={state} />
      </Inline>
      {stateWord(state, trans)}
      {typeof ran.seconds === 'number' && !ran.cached && ` · ${duration(ran.seconds)}`}
    </div>
  );
}

/** Why the step failed, and where. */
function Fault({
  fault,
  session,
  view,
  trans
}: {
  fault: NonNullable<StepRunView['error']>;
  session: Session;
  view: PipelineView;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { cell, line, message, fix } = fault;
  const id = view.cells.find(one => one.index === cell)?.id;
  return (
    <div className="kfj-Alert" role="alert">
      <p className="kfj-Fault">{message}</p>
      {fix && <p>{fix}</p>}
      {cell !== null && id !== undefined && (
        <button
          type="button"
          className="kfj-link"
          onClick={() => void session.model.reveal(id, line ?? undefined)}
        >
          {trans.__('Go to %1', placeWord(cell, line, trans))}
        </button>
      )}
    </div>
  );
}

function StepActions({
  session,
  view,
  ran,
  policy,
  trans
}: {
  session: Session;
  view: PipelineView;
  ran: { run: string; step: StepRunView } | null;
  policy: IPolicy;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { runs } = session;
  const step = session.selected ?? '';
  const done = ran?.step.state === 'succeeded';
  const begun = ran !== null && ran.step.attempt > 0;
  const action = (label: string, act: () => void, enabled = true, why: string | null = null) => (
    <LockableButton why={why} className="jp-mod-styled kfj-small" disabled={!enabled} onClick={act}>
      {label}
    </LockableButton>
  );
  return (
    <div className="kfj-Actions">
      {action(trans.__('Show cells'), () => void session.reveal(step))}
      {runs &&
        action(
          trans.__('Run from here'),
          () => void session.runFrom(step),
          view.runnable && session.busy === null,
          policy.whyOff('run')
        )}
      {runs && ran && (begun || done) && (
        <>
          {action(trans.__('Open step'), () => runs.openStep(ran.run, step))}
          {action(trans.__('Load variables before it'), () => void session.load(step, 'before'))}
          {action(trans.__('Load variables after it'), () => void session.load(step, 'after'), done)}
          {action(trans.__('Show in run'), () => runs.open(ran.run, step))}
        </>
      )}
    </div>
  );
}
