import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Graph } from '../graph/graph';
import { Problem } from '../ui/message';
import { roleWord } from '../ui/role';
import { useSignal } from '../ui/signal';
import { nodesOf } from './nodes';
import type { IRow, Proposal } from './proposal';
import type { Session } from './session';
import type { ITools } from './tools';
import { placeWord } from './words';

/** Proposed steps: looked through, changed, accepted or dropped. */
export function ProposalPart({
  proposal,
  session,
  tools
}: {
  proposal: Proposal;
  session: Session;
  tools: Pick<ITools, 'settings' | 'trans'>;
}): React.JSX.Element {
  const { settings, trans } = tools;
  useSignal(proposal.changed);
  const [selected, setSelected] = React.useState<string | null>(null);
  const { preview, rows, note, error } = proposal;
  const nodes = React.useMemo(() => nodesOf(preview), [preview]);
  const kept = proposal.edits().length > 0;
  return (
    <section className="kfj-Proposal" aria-label={trans.__('Proposed steps')}>
      <div className="kfj-Bar">
        <button
          type="button"
          className="jp-mod-styled jp-mod-accept"
          disabled={!kept || error !== null || session.busy !== null}
          onClick={() => void session.accept()}
        >
          {trans.__('Accept')}
        </button>
        <button type="button" className="jp-mod-styled" onClick={() => session.drop()}>
          {trans.__('Drop')}
        </button>
        <span className="kfj-dim">{trans._n('%1 step', '%1 steps', preview.steps.length)}</span>
      </div>
      {note && <p className="kfj-pad">{note}</p>}
      {error !== null && <Problem error={error} trans={trans} />}
      {session.failure !== null && <Problem error={session.failure} trans={trans} />}
      {nodes.length > 0 && (
        <div className="kfj-GraphBox">
          <Graph
            nodes={nodes}
            edges={preview.edges}
            selected={selected}
            onSelect={name => {
              setSelected(name);
              const cell = preview.steps.find(step => step.name === name)?.cells[0];
              if (cell !== undefined) {
                void session.model.reveal(cell);
              }
            }}
            direction={settings.value.graphDirection}
            label={trans.__('Proposed pipeline')}
            trans={trans}
          />
        </div>
      )}
      <ul className="kfj-Rows">
        {rows.map(row => (
          <Row key={row.proposal.cell} row={row} proposal={proposal} session={session} trans={trans} />
        ))}
      </ul>
    </section>
  );
}

function Row({
  row,
  proposal,
  session,
  trans
}: {
  row: IRow;
  proposal: Proposal;
  session: Session;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { cell, role, tag, reason } = row.proposal;
  const place = placeWord(row.index, null, trans);
  return (
    <li className={tag && row.kept ? undefined : 'kfj-mod-off'}>
      <div className="kfj-Row-head">
        {tag ? (
          <input
            type="checkbox"
            checked={row.kept}
            aria-label={trans.__('Tag %1', place)}
            onChange={event => proposal.keep(cell, event.currentTarget.checked)}
          />
        ) : (
          <span className="kfj-Row-follows" aria-hidden="true">
            └
          </span>
        )}
        {!tag ? (
          <span className="kfj-dim">{trans.__('with the cell above')}</span>
        ) : role === 'step' ? (
          <input
            type="text"
            className="jp-mod-styled"
            value={row.name}
            disabled={!row.kept}
            aria-label={trans.__('Name of the step of %1', place)}
            onChange={event => proposal.rename(cell, event.currentTarget.value)}
          />
        ) : (
          <strong>{roleWord(role, trans)}</strong>
        )}
        <button type="button" className="kfj-link" onClick={() => void session.model.reveal(cell)}>
          {place}
        </button>
      </div>
      <code className="kfj-Row-code">{row.excerpt}</code>
      {tag && <div className="kfj-dim">{reason}</div>}
    </li>
  );
}
