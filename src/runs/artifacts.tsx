import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Client } from '../api/client';
import type * as schema from '../api/schema';
import type { IPolicy } from '../tokens';
import { Empty, Loading, Problem } from '../ui/message';
import { ArtifactDetails } from './artifact';
import { bytes } from './format';
import type { RunModel } from './model';

type State = { artifacts: readonly schema.Artifact[] | null; error: unknown };

/** The tables, arrays, models and figures that the steps have made. */
export function Artifacts({
  model,
  client,
  policy,
  trans
}: {
  model: RunModel;
  client: Client;
  policy: IPolicy;
  trans: TranslationBundle;
}): React.JSX.Element {
  const [{ artifacts, error }, setState] = React.useState<State>({ artifacts: null, error: null });
  const [chosen, setChosen] = React.useState<string | null>(null);
  const load = React.useCallback(() => {
    client.artifacts(model.id).then(
      answer => setState({ artifacts: answer.artifacts, error: null }),
      (reason: unknown) => setState(old => ({ ...old, error: reason }))
    );
  }, [client, model]);
  React.useEffect(() => {
    load();
    model.made.connect(load);
    return () => void model.made.disconnect(load);
  }, [model, load]);

  if (error !== null) {
    return <Problem error={error} trans={trans} retry={load} />;
  }
  if (artifacts === null) {
    return <Loading>{trans.__('Asking for the artifacts…')}</Loading>;
  }
  if (artifacts.length === 0) {
    return (
      <Empty title={trans.__('No artifacts')}>
        <p>{trans.__('Tables, arrays, models and figures in variables of the steps appear here.')}</p>
      </Empty>
    );
  }
  const found = artifacts.find(artifact => keyOf(artifact) === chosen);
  return (
    <div className="kfj-Artifacts">
      <table className="kfj-Table">
        <thead>
          <tr>
            {[
              trans.__('Name'),
              trans.__('Step'),
              trans.__('Kind'),
              trans.__('What it is'),
              trans.__('Size')
            ].map(title => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {artifacts.map(artifact => (
            <tr key={keyOf(artifact)} className={artifact === found ? 'kfj-mod-selected' : undefined}>
              <th scope="row">
                <button
                  className="kfj-Link"
                  aria-expanded={artifact === found}
                  onClick={() => setChosen(artifact === found ? null : keyOf(artifact))}
                >
                  {artifact.name}
                </button>
              </th>
              <td>{artifact.step}</td>
              <td>{kindWord(artifact.kind, trans)}</td>
              <td title={artifact.type}>{artifact.summary || artifact.type}</td>
              <td className="kfj-mod-number">{bytes(artifact.size)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {found && <ArtifactDetails key={keyOf(found)} artifact={found} {...{ client, policy, trans }} />}
    </div>
  );
}

function keyOf(artifact: schema.Artifact): string {
  return JSON.stringify([artifact.step, artifact.name]);
}

export function kindWord(kind: string, trans: TranslationBundle): string {
  switch (kind) {
    case 'table':
      return trans.__('Table');
    case 'array':
      return trans.__('Array');
    case 'model':
      return trans.__('Model');
    case 'figure':
      return trans.__('Figure');
    default:
      return kind;
  }
}
