import * as React from 'react';

import { Problem } from '../ui/message';
import { useSignal } from '../ui/signal';
import { NoNotebook } from './no-notebook';
import { PipelinePart } from './pipeline';
import { ProposalPart } from './proposal-part';
import { Read } from './read';
import type { Session } from './session';
import type { ITools } from './tools';
import { Untagged } from './untagged';

/** The pipeline of the notebook in use. */
export function Pane({ tools }: { tools: ITools }): React.JSX.Element {
  const { pipelines, sessions, policy } = tools;
  useSignal(pipelines.currentChanged);
  useSignal(policy.changed);
  React.useEffect(() => void policy.know(), [policy]);
  const model = pipelines.current;
  return model ? (
    <SessionPane key={model.panel.id} session={sessions.of(model)} tools={tools} />
  ) : (
    <NoNotebook tools={tools} />
  );
}

function SessionPane({ session, tools }: { session: Session; tools: ITools }): React.JSX.Element {
  return (
    <Read session={session} tools={tools}>
      {view => (
        <>
          {session.model.error !== null && <Problem error={session.model.error} trans={tools.trans} />}
          {session.proposal ? (
            <ProposalPart proposal={session.proposal} session={session} tools={tools} />
          ) : view.untagged ? (
            <Untagged session={session} view={view} tools={tools} />
          ) : (
            <PipelinePart session={session} view={view} tools={tools} />
          )}
        </>
      )}
    </Read>
  );
}
