import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type * as schema from '../api/schema';
import type { IRuns } from '../tokens';
import { Inline, StateGlyph } from '../ui/glyphs';
import { LockableButton } from '../ui/locked';
import type { RunActions } from './actions';
import { spansOf } from './ansi';

/** Why a run failed: which step, where, and what can be done. */
export function FailureCard({
  detail,
  runs,
  actions,
  trans,
  onSelect
}: {
  detail: schema.RunDetail;
  runs: IRuns;
  actions: RunActions;
  trans: TranslationBundle;
  onSelect: (step: string) => void;
}): React.JSX.Element | null {
  const failed = detail.steps.filter(step => step.state === 'failed');
  const { summary } = detail;
  if (failed.length === 0) {
    return summary.state === 'failed' && summary.error ? (
      <section className="kfj-Failure" role="alert">
        <p className="kfj-Failure-title">
          <Cross /> {trans.__('The run failed')}
        </p>
        <p className="kfj-Failure-message">{summary.error}</p>
      </section>
    ) : null;
  }
  return (
    <section className="kfj-Failure" role="alert" aria-label={trans.__('What failed')}>
      {failed.map(step => (
        <div key={step.name} className="kfj-Failure-step">
          <p className="kfj-Failure-title">
            <Cross />
            <button className="kfj-Link" onClick={() => onSelect(step.name)}>
              {trans.__('Step “%1” failed', step.name)}
            </button>
          </p>
          {step.error && <Fault step={step} error={step.error} {...{ summary, actions, trans }} />}
          <p className="kfj-Failure-actions">
            <button className="jp-mod-styled" onClick={() => runs.openStep(summary.id, step.name)}>
              {trans.__('Open step')}
            </button>
            <button
              className="jp-mod-styled"
              title={trans.__('Put what the step read into the kernel of the notebook')}
              onClick={() => void runs.load(summary.id, step.name, 'before')}
            >
              {trans.__('Load into kernel')}
            </button>
            <LockableButton
              why={actions.policy.whyOff('run')}
              className="jp-mod-styled"
              title={trans.__('A new run of the notebook as it is saved now, from this step on')}
              onClick={() => void actions.runFrom(summary, step.name)}
            >
              {trans.__('Run from here')}
            </LockableButton>
          </p>
        </div>
      ))}
    </section>
  );
}

function Cross(): React.JSX.Element {
  return (
    <Inline>
      <StateGlyph state="failed" />
    </Inline>
  );
}

/** A step's error: message, place, fix and, for who wants it, the traceback. */
export function Fault({
  step,
  error,
  summary,
  actions,
  trans
}: {
  step: schema.StepRunView;
  error: schema.StepFault;
  summary: schema.RunSummary;
  actions: RunActions;
  trans: TranslationBundle;
}): React.JSX.Element {
  const place = error.cell === null ? -1 : step.indices.indexOf(error.cell);
  const cell = step.cells[place];
  return (
    <>
      <p className="kfj-Failure-message">
        {error.kind && !error.message.startsWith(error.kind) && <strong>{error.kind}: </strong>}
        {error.message}
      </p>
      {error.fix && <p className="kfj-Failure-fix">{error.fix}</p>}
      {error.cell !== null && (
        <p className="kfj-Failure-place">
          {error.line === null
            ? trans.__('Cell %1', error.cell + 1)
            : trans.__('Cell %1, line %2', error.cell + 1, error.line)}{' '}
          {cell !== undefined && (
            <button className="kfj-Link" onClick={() => void actions.goTo(summary, cell, error.line)}>
              {trans.__('Go to cell')}
            </button>
          )}
        </p>
      )}
      {error.traceback && (
        <details className="jp-RenderedText">
          <summary>{trans.__('Traceback')}</summary>
          <pre className="kfj-Failure-traceback" tabIndex={0}>
            {error.traceback.split('\n').map((line, number) => (
              <React.Fragment key={number}>
                {spansOf(line).map((span, part) => (
                  <span key={part} className={span.classes || undefined}>
                    {span.text}
                  </span>
                ))}
                {'\n'}
              </React.Fragment>
            ))}
          </pre>
        </details>
      )}
    </>
  );
}
