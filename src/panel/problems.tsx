import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { PipelineView, Problem } from '../api/schema';
import { Inline, SeverityGlyph } from '../ui/glyphs';
import { ordered } from './nodes';
import type { Session } from './session';
import { severityWord } from '../ui/severity';
import { placeWord } from './words';

/** What is wrong, where, and what mends it. */
export function Problems({
  problems,
  session,
  view,
  trans
}: {
  problems: readonly Problem[];
  session: Session;
  view: PipelineView;
  trans: TranslationBundle;
}): React.JSX.Element | null {
  if (problems.length === 0) {
    return null;
  }
  return (
    <section className="kfj-Section">
      <h3>{trans.__('Problems')}</h3>
      <ul className="kfj-Problems">
        {ordered(problems).map(problem => (
          <li key={JSON.stringify(problem)}>
            <Inline>
              <SeverityGlyph severity={problem.severity} />
            </Inline>
            <div>
              <span className="kfj-spoken">{severityWord(problem.severity, trans)}: </span>
              <span className="kfj-Problems-message">{problem.message}</span>{' '}
              <Place problem={problem} session={session} view={view} trans={trans} />
              <Fix problem={problem} session={session} trans={trans} />
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** A link to where a problem is. */
export function Place({
  problem,
  session,
  view,
  trans
}: {
  problem: Problem;
  session: Session;
  view: PipelineView;
  trans: TranslationBundle;
}): React.JSX.Element | null {
  const { cell, line } = problem;
  const id = view.cells.find(one => one.index === cell)?.id;
  if (typeof cell !== 'number' || id === undefined) {
    return null;
  }
  return (
    <button
      type="button"
      className="kfj-link"
      onClick={() => void session.model.reveal(id, line ?? undefined)}
    >
      {placeWord(cell, line, trans)}
    </button>
  );
}

function Fix({
  problem,
  session,
  trans
}: {
  problem: Problem;
  session: Session;
  trans: TranslationBundle;
}): React.JSX.Element | null {
  const { fix } = problem;
  if (!fix) {
    return null;
  }
  if (typeof fix.action !== 'string') {
    return <div className="kfj-dim">{fix.title}</div>;
  }
  const { readOnly } = session.model;
  return (
    <div>
      <button
        type="button"
        className="jp-mod-styled kfj-small"
        disabled={readOnly || session.busy !== null}
        title={readOnly ? trans.__('The notebook is read-only') : undefined}
        onClick={() => void session.mend(fix)}
      >
        {fix.title}
      </button>
    </div>
  );
}
