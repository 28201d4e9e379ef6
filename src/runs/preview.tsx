import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Client } from '../api/client';
import type * as schema from '../api/schema';
import { Loading, Problem } from '../ui/message';

type State = { view: schema.PreviewView | null; error: unknown };

/** What there is to see of an artifact: the head of a table, a picture, a text. */
export function Preview({
  artifact,
  client,
  trans
}: {
  artifact: schema.Artifact;
  client: Client;
  trans: TranslationBundle;
}): React.JSX.Element {
  const [{ view, error }, setState] = React.useState<State>({ view: null, error: null });
  React.useEffect(() => {
    let current = true;
    const show = (state: State) => {
      if (current) {
        setState(state);
      }
    };
    client.preview(artifact.run_id, artifact.step, artifact.name).then(
      answer => show({ view: answer, error: null }),
      (reason: unknown) => show({ view: null, error: reason })
    );
    return () => {
      current = false;
    };
  }, [client, artifact]);
  if (error !== null) {
    return <Problem error={error} trans={trans} />;
  }
  if (view === null) {
    return <Loading>{trans.__('Looking into it…')}</Loading>;
  }
  return (
    <div
      className="kfj-Preview"
      tabIndex={0}
      role="region"
      aria-label={trans.__('Preview of %1', artifact.name)}
    >
      {view.png !== null ? (
        <img
          src={`data:image/png;base64,${view.png}`}
          alt={trans.__('%1: %2', artifact.name, view.summary)}
        />
      ) : view.table !== null ? (
        <Head table={view.table} />
      ) : (
        <pre>{view.text ?? trans.__('There is nothing to see of it.')}</pre>
      )}
    </div>
  );
}

function Head({ table }: { table: schema.PreviewTable }): React.JSX.Element {
  return (
    <table className="kfj-Table">
      <thead>
        <tr>
          <td />
          {table.columns.map((column, place) => (
            <th key={place} scope="col">
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {table.rows.map((row, number) => (
          <tr key={number}>
            <th scope="row">{table.index[number]}</th>
            {row.map((cell, place) => (
              <td key={place}>{cell}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
