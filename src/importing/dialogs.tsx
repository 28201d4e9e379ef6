import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import { RequestError } from '../api/client';
import type { ImportAnswer, Note } from '../api/schema';
import { explain } from '../ui/explain';
import { Inline, SeverityGlyph } from '../ui/glyphs';
import type { Severity } from '../ui/severity';
import { groupsOf } from './groups';

/** What of a pipeline is not in its notebook as it was. */
export class NotesBody extends ReactWidget {
  constructor(
    private readonly made: ImportAnswer,
    private readonly trans: TranslationBundle
  ) {
    super();
    this.addClass('kfj-Import');
    this.node.tabIndex = 0; // so that the keyboard can scroll it
  }

  protected override render(): React.JSX.Element {
    const { made, trans } = this;
    return (
      <>
        <p>
          {trans._n(
            'The notebook has %1 step. This is not as it was in Elyra:',
            'The notebook has %1 steps. This is not as it was in Elyra:',
            made.steps.length
          )}
        </p>
        {groupsOf(made.notes).map(([kind, notes]) => (
          <Group key={kind} kind={kind} notes={notes} trans={trans} />
        ))}
      </>
    );
  }
}

const SEVERITIES: Record<Note['kind'], Severity> = { 'left-out': 'error', differs: 'warning', kept: 'info' };

function Group({
  kind,
  notes,
  trans
}: {
  kind: Note['kind'];
  notes: readonly Note[];
  trans: TranslationBundle;
}): React.JSX.Element {
  const titles: Record<Note['kind'], string> = {
    'left-out': trans.__('Left out'),
    differs: trans.__('Works in another way'),
    kept: trans.__('Added, so that it works as it did')
  };
  return (
    <section>
      <h3>
        <Inline>
          <SeverityGlyph severity={SEVERITIES[kind]} />
        </Inline>
        {titles[kind]}
      </h3>
      <ul>
        {notes.map((note, index) => (
          <li key={index}>
            {note.node && <span className="kfj-Import-node">{note.node}</span>}
            <strong>{note.what}</strong>
            <p>{note.why}</p>
            {note.todo && <p className="kfj-dim">{trans.__('To do: %1', note.todo)}</p>}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Why a pipeline could not be imported: all that is wrong with it, each with what to do. */
export class FailureBody extends ReactWidget {
  constructor(
    private readonly error: unknown,
    private readonly trans: TranslationBundle
  ) {
    super();
    this.addClass('kfj-Import');
    this.node.tabIndex = 0; // so that the keyboard can scroll it
  }

  protected override render(): React.JSX.Element {
    const { what, todo, command } = explain(this.error, this.trans);
    const problems = this.error instanceof RequestError ? this.error.problems : [];
    const rest = problems.filter(problem => problem.message !== what);
    const fix = todo || problems.find(problem => problem.message === what)?.fix?.title;
    return (
      <div role="alert">
        <p>{what}</p>
        {fix && <p className="kfj-dim">{this.trans.__('To do: %1', fix)}</p>}
        {command && <pre>{command}</pre>}
        {rest.length > 0 && (
          <ul>
            {rest.map((problem, index) => (
              <li key={index}>
                <p>{problem.message}</p>
                {problem.fix && <p className="kfj-dim">{this.trans.__('To do: %1', problem.fix.title)}</p>}
              </li>
            ))}
          </ul>
        )}
      </div>
    );
  }
}
