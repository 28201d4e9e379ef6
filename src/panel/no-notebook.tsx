import * as React from 'react';

import type { Example } from '../api/schema';
import { LockableButton, LockNote } from '../ui/locked';
import { Empty, Loading, Problem } from '../ui/message';
import type { ITools } from './tools';

/** No notebook is open: what to do about it. */
export function NoNotebook({ tools }: { tools: ITools }): React.JSX.Element {
  const { trans, execute, policy } = tools;
  const locked = policy.whyOff('examples');
  return (
    <Empty title={trans.__('No notebook is open')}>
      {locked === null ? (
        <>
          <p>{trans.__('Open a notebook, and its pipeline is shown here. Or begin with an example:')}</p>
          <Examples tools={tools} />
        </>
      ) : (
        <>
          <p>{trans.__('Open a notebook, and its pipeline is shown here.')}</p>
          <LockNote why={locked} />
        </>
      )}
      <p>
        <button type="button" className="jp-mod-styled" onClick={() => void execute('notebook:create-new')}>
          {trans.__('New notebook')}
        </button>
      </p>
      <p>
        <LockableButton
          why={policy.whyOff('import')}
          className="kfj-link"
          onClick={() => void execute('kfjlab:import-pipeline')}
        >
          {trans.__('Import an Elyra pipeline…')}
        </LockableButton>
      </p>
    </Empty>
  );
}

type Found = { is: 'waiting' } | { is: 'there'; examples: Example[] } | { is: 'failed'; error: unknown };

function Examples({ tools }: { tools: ITools }): React.JSX.Element {
  const { client, trans, execute, folder } = tools;
  const [found, setFound] = React.useState<Found>({ is: 'waiting' });
  const [attempt, setAttempt] = React.useState(0);
  const [failure, setFailure] = React.useState<unknown>(null);

  React.useEffect(() => {
    let current = true;
    client.examples().then(
      ({ examples }) => current && setFound({ is: 'there', examples }),
      (error: unknown) => current && setFound({ is: 'failed', error })
    );
    return () => {
      current = false;
    };
  }, [client, attempt]);

  const open = async (name: string) => {
    setFailure(null);
    try {
      const { path } = await client.copyExample(name, folder());
      await execute('docmanager:open', { path });
    } catch (error) {
      setFailure(error);
    }
  };

  if (found.is === 'waiting') {
    return <Loading>{trans.__('Looking for examples…')}</Loading>;
  }
  if (found.is === 'failed') {
    return <Problem error={found.error} trans={trans} retry={() => setAttempt(attempt + 1)} />;
  }
  return (
    <>
      <ul className="kfj-Examples">
        {found.examples.map(({ name, title, description }) => (
          <li key={name}>
            <button type="button" onClick={() => void open(name)}>
              <strong>{title}</strong>
              <span>{description}</span>
            </button>
          </li>
        ))}
      </ul>
      {failure !== null && <Problem error={failure} trans={trans} />}
    </>
  );
}
