import * as React from 'react';

import type { PipelineView } from '../api/schema';
import { Loading, Problem } from '../ui/message';
import { useSignal } from '../ui/signal';
import type { Session } from './session';
import type { ITools } from './tools';

/** Follows a notebook's pipeline while it is shown, by what `children` make of it; until there is one, says that it comes or why not. */
export function Read({
  session,
  tools,
  children
}: {
  session: Session;
  tools: ITools;
  children: (view: PipelineView) => React.ReactNode;
}): React.JSX.Element {
  const { trans } = tools;
  useSignal(session.changed);
  React.useEffect(() => {
    const look = session.look();
    return () => look.dispose();
  }, [session]);
  const { view, error } = session.model;
  if (view) {
    return <>{children(view)}</>;
  }
  return error ? (
    <Problem error={error} trans={trans} />
  ) : (
    <Loading>{trans.__('Reading the notebook…')}</Loading>
  );
}
