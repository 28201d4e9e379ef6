import * as React from 'react';

import type { PipelineView } from '../api/schema';
import { LockableButton, LockNote } from '../ui/locked';
import { Problem } from '../ui/message';
import { Problems } from './problems';
import { RunBar } from './run-bar';
import type { Session } from './session';
import type { ITools } from './tools';

/** A notebook that nobody has tagged: what that means, and the way to steps. */
export function Untagged({
  session,
  view,
  tools
}: {
  session: Session;
  view: PipelineView;
  tools: ITools;
}): React.JSX.Element {
  const { trans } = tools;
  const { readOnly } = session.model;
  const locked = tools.policy.whyOff('suggest');
  const note = React.useId();
  const empty = !session.model.content().cells.some(cell => cell.cell_type === 'code' && cell.source.trim());
  return (
    <>
      <section className="kfj-Start">
        <h3>{empty ? trans.__('This notebook is empty') : trans.__('This notebook has no steps yet')}</h3>
        <p>
          {empty
            ? trans.__('Write some code, and its cells can become the steps of a pipeline.')
            : trans.__(
                'Cells that belong together are a step. Steps run beside each other where they can, are reused when nothing has changed, and each can be opened and run again by itself.'
              )}
        </p>
        {readOnly && <p>{trans.__('It is read-only: save a copy of it to give it steps.')}</p>}
        {!empty && (
          <LockableButton
            why={locked}
            note={note}
            className="jp-mod-styled jp-mod-accept"
            disabled={session.busy !== null || readOnly}
            onClick={() => void session.suggest()}
          >
            {session.busy === 'suggesting' ? trans.__('Reading the notebook…') : trans.__('Suggest steps')}
          </LockableButton>
        )}
        {!empty && locked !== null && <LockNote id={note} why={locked} />}
        {!empty && (
          <p className="kfj-dim">
            {trans.__(
              'Or name a step yourself: with the button above a cell, or with the tags of cells. Nothing is changed without you.'
            )}
          </p>
        )}
        {session.failure !== null && <Problem error={session.failure} trans={trans} />}
      </section>
      {view.steps.length > 0 && <RunBar session={session} view={view} tools={tools} plain />}
      <Problems
        problems={view.problems.filter(problem => problem.severity === 'error')}
        session={session}
        view={view}
        trans={trans}
      />
    </>
  );
}
