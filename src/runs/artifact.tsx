import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Client } from '../api/client';
import type * as schema from '../api/schema';
import type { IPolicy } from '../tokens';
import { LockNote } from '../ui/locked';
import { Loading, Problem } from '../ui/message';
import { bytes } from './format';
import { Preview } from './preview';

/** An artifact: what it looks like, what it was made from, and what was made of it. */
export function ArtifactDetails({
  artifact,
  client,
  policy,
  trans
}: {
  artifact: schema.Artifact;
  client: Client;
  policy: IPolicy;
  trans: TranslationBundle;
}): React.JSX.Element {
  const [lineage, setLineage] = React.useState<schema.LineageView | null>(null);
  const [error, setError] = React.useState<unknown>(null);
  React.useEffect(() => {
    let current = true;
    client.lineage(artifact.run_id, artifact.digest).then(
      found => current && setLineage(found),
      (reason: unknown) => current && setError(reason)
    );
    return () => {
      current = false;
    };
  }, [client, artifact]);
  const locked = policy.whyOff('preview');
  return (
    <section className="kfj-Artifact" aria-label={artifact.name}>
      <h3>{artifact.name}</h3>
      <p className="kfj-Quiet">
        {trans.__('%1, %2, made by step “%3”', artifact.type, bytes(artifact.size), artifact.step)}
      </p>
      {locked === null ? (
        <Preview artifact={artifact} client={client} trans={trans} />
      ) : (
        <LockNote why={locked} />
      )}
      {error !== null && <Problem error={error} trans={trans} />}
      {lineage === null && error === null && <Loading>{trans.__('Asking where it comes from…')}</Loading>}
      {lineage && (
        <div className="kfj-Columns">
          <Related
            title={trans.__('Made from')}
            none={trans.__('Nothing that a step of a run has made.')}
            artifacts={lineage.sources}
          />
          <Related title={trans.__('Used for')} none={trans.__('Nothing so far.')} artifacts={lineage.uses} />
        </div>
      )}
    </section>
  );
}

function Related({
  title,
  none,
  artifacts
}: {
  title: string;
  none: string;
  artifacts: readonly schema.Artifact[];
}): React.JSX.Element {
  return (
    <div>
      <h4>{title}</h4>
      {artifacts.length === 0 ? (
        <p className="kfj-Quiet">{none}</p>
      ) : (
        <ul>
          {artifacts.map(({ run_id, step, name, summary }) => (
            <li key={`${run_id} ${step} ${name}`}>
              <strong>{name}</strong> {summary} <span className="kfj-Quiet">{`${step} · ${run_id}`}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
