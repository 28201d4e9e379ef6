import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type * as schema from '../api/schema';
import { LockableButton, LockNote } from '../ui/locked';
import { useNow } from '../ui/now';
import { duration, runWord } from '../ui/states';
import type { RunActions } from './actions';
import { isOver } from './events';
import { ago, moment, spent } from './format';
import { canResume } from './row';
import { RunState } from './state';

/** What run this is, how it stands, and what can be done with it. */
export function Header({
  detail,
  actions,
  trans
}: {
  detail: schema.RunDetail;
  actions: RunActions;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { summary } = detail;
  const over = isOver(summary.state);
  const now = useNow(over ? 30 : 1);
  const took = spent(summary, now);
  const done = summary.steps.succeeded ?? 0;
  const noRun = actions.policy.whyOff('run');
  const noDelete = actions.policy.whyOff('delete');
  const note = React.useId();
  return (
    <header className="kfj-RunPage-header">
      <div className="kfj-RunPage-what">
        <h2>{summary.name}</h2>
        <p role="status">
          <RunState state={summary.state} trans={trans} />
          <span>{trans.__('%1 of %2 steps done', done, detail.steps.length)}</span>
          {took !== null && <span>{duration(took)}</span>}
        </p>
        <p className="kfj-Quiet">
          <time dateTime={new Date(summary.created * 1000).toISOString()} title={moment(summary.created)}>
            {trans.__('Started %1', ago(summary.created, now, trans))}
          </time>
          {summary.notebook === null ? (
            <span title={trans.__('Outside of the folder that this server shows')}>{summary.file}</span>
          ) : (
            <button className="kfj-Link" onClick={() => void actions.openNotebook(summary)}>
              {summary.notebook}
            </button>
          )}
          <code>{summary.id}</code>
        </p>
        {detail.earlier_ends.length > 0 && <Earlier ends={detail.earlier_ends} trans={trans} />}
      </div>
      <div className="kfj-RunPage-actions">
        {canResume(summary) && (
          <LockableButton
            why={noRun}
            note={`${note}-run`}
            className="jp-mod-styled jp-mod-accept"
            onClick={() => void actions.resume(summary.id)}
          >
            {trans.__('Resume')}
          </LockableButton>
        )}
        {!over && (
          <button className="jp-mod-styled jp-mod-warn" onClick={() => void actions.cancel(summary.id)}>
            {trans.__('Cancel')}
          </button>
        )}
        <LockableButton
          why={noRun}
          note={`${note}-run`}
          className="jp-mod-styled"
          title={trans.__('A new run with these parameters, which can be changed first')}
          onClick={() => void actions.clone(summary)}
        >
          {trans.__('Run again…')}
        </LockableButton>
        {over && (
          <LockableButton
            why={noDelete}
            note={`${note}-delete`}
            className="jp-mod-styled"
            onClick={() => void actions.delete([summary])}
          >
            {trans.__('Delete…')}
          </LockableButton>
        )}
      </div>
      {(noRun !== null || (noDelete !== null && over)) && (
        <div className="kfj-RunPage-locks">
          {noRun !== null && <LockNote id={`${note}-run`} why={noRun} />}
          {noDelete !== null && over && <LockNote id={`${note}-delete`} why={noDelete} />}
        </div>
      )}
    </header>
  );
}

function Earlier({
  ends,
  trans
}: {
  ends: readonly schema.EarlierEnd[];
  trans: TranslationBundle;
}): React.JSX.Element {
  return (
    <details className="kfj-Notes">
      <summary>{trans._n('Resumed %1 time', 'Resumed %1 times', ends.length)}</summary>
      <ul>
        {ends.map(end => (
          <li key={end.time}>
            {trans.__('%1: %2', moment(end.time), runWord(end.state as schema.RunState, trans) ?? end.state)}
            {end.error && ` – ${end.error}`}
          </li>
        ))}
      </ul>
    </details>
  );
}
