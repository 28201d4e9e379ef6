import * as React from 'react';

import type { PipelineView } from '../api/schema';
import { Graph } from '../graph/graph';
import { Problem } from '../ui/message';
import { nodesOf } from './nodes';
import { Parameters } from './parameters';
import { picturesOf, statusesOf } from './pictures';
import { Problems } from './problems';
import { RunBar } from './run-bar';
import type { Session } from './session';
import { StepPart } from './step-part';
import type { ITools } from './tools';

/** A notebook with steps: run it, see it, mend it. */
export function PipelinePart({
  session,
  view,
  tools
}: {
  session: Session;
  view: PipelineView;
  tools: ITools;
}): React.JSX.Element {
  const { trans } = tools;
  return (
    <>
      <RunBar session={session} view={view} tools={tools} />
      {session.failure !== null && <Problem error={session.failure} trans={trans} />}
      {view.steps.length > 0 && (
        <div className="kfj-GraphBox">
          <PipelineGraph session={session} view={view} tools={tools} />
          <button
            type="button"
            className="kfj-GraphBox-open kfj-link"
            onClick={() => void tools.execute('kfjlab:open-graph')}
          >
            {trans.__('Open beside the notebook')}
          </button>
        </div>
      )}
      <StepPart session={session} view={view} policy={tools.policy} trans={trans} />
      <Problems problems={view.problems} session={session} view={view} trans={trans} />
      <Parameters view={view} session={session} trans={trans} />
    </>
  );
}

/** The graph of a notebook with the states of its newest run. */
export function PipelineGraph({
  session,
  view,
  tools
}: {
  session: Session;
  view: PipelineView;
  tools: Pick<ITools, 'trans' | 'sessions' | 'settings'>;
}): React.JSX.Element {
  const { trans, settings } = tools;
  const { graphDirection, graphFigures, graphRun } = settings.value;
  const run = graphRun ? session.latest : null;
  const detail = run?.detail ?? null;
  const nodes = React.useMemo(() => nodesOf(view), [view]);
  const statuses = run && detail ? statusesOf(detail, run.progress) : undefined;
  const pictures = run && graphFigures ? picturesOf(run.outputs) : undefined;
  // A menu is of the step that it was opened on.
  const onContextMenu = (event: React.MouseEvent) => {
    tools.sessions.use(session);
    const step =
      event.target instanceof Element && event.target.closest('[data-step]')?.getAttribute('data-step');
    if (step) {
      session.select(step);
    }
  };
  return (
    <div className="kfj-mod-live" onContextMenu={onContextMenu}>
      <Graph
        nodes={nodes}
        edges={view.edges}
        statuses={statuses}
        pictures={pictures}
        direction={graphDirection}
        selected={session.selected}
        onSelect={name => {
          session.select(name);
          if (name !== null) {
            void session.reveal(name);
          }
        }}
        label={trans.__('Pipeline %1', view.name)}
        trans={trans}
      />
    </div>
  );
}
