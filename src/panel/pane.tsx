import * as React from 'react';

import { Loading, Problem } from '../ui/message';
import { useSignal } from '../ui/signal';
import { NoNotebook } from './no-notebook';
import { PipelinePart } from './pipeline';
import { ProposalPart } from './proposal-part';
import type { Session } from './session';
import type { ITools } from './tools';
import { Untagged } from './untagged';

/** The pipeline of the notebook in use. */
export function Pane({ tools }: { tools: ITools }): React.JSX.Element {
  const { pipelines, sessions } = tools;
  useSignal(pipelines.currentChanged);
  const model = pipelines.current;
  return model ? (
    <SessionPane key={model.panel.id} session={sessions.of(model)} tools={tools} />
  ) : (
    <NoNotebook tools={tools} />
  );
}

function SessionPane({ session, tools }: { session: Session; tools: ITools }): React.JSX.Element {
  const { trans } = tools;
  useSignal(session.changed);
  React.useEffect(() => {
    const look = session.look();
    return () => look.dispose();
  }, [session]);
  const { view, error } = session.model;

  if (!view) {
    return error ? (
      <Problem error={error} trans={trans} />
    ) : (
      <Loading>{trans.__('Reading the notebook…')}</Loading>
    );
  }
  return (
    <>
      {error !== null && <Problem error={error} trans={trans} />}
      {session.proposal ? (
        <ProposalPart proposal={session.proposal} session={session} trans={trans} />
      ) : view.untagged ? (
        <Untagged session={session} view={view} tools={tools} />
      ) : (
        <PipelinePart session={session} view={view} tools={tools} />
      )}
    </>
  );
}
