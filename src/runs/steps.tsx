import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type * as schema from '../api/schema';
import { Graph } from '../graph/graph';
import type { IGraphNode, IStepStatus } from '../graph/types';
import type { IRuns } from '../tokens';
import { LockableButton } from '../ui/locked';
import { duration } from '../ui/states';
import type { RunActions } from './actions';
import { hasEnded, isOver } from './events';
import { Fault } from './failure';
import { bytes, moment } from './format';
import type { RunModel } from './model';
import { pictureOf } from './picture';
import { StepState } from './state';

interface IProps {
  model: RunModel;
  detail: schema.RunDetail;
  runs: IRuns;
  actions: RunActions;
  trans: TranslationBundle;
  selected: string | null;
  onSelect: (step: string | null) => void;
  onLog: (step: string) => void;
}

/** The steps as a graph with their states; beside it, the chosen one. */
export function Steps(props: IProps): React.JSX.Element {
  const { model, detail, actions, trans, selected, onSelect } = props;
  const { graphDirection, graphFigures } = actions.settings.value;
  const nodes = React.useMemo<IGraphNode[]>(
    () => detail.steps.map(({ name, role, cells }) => ({ name, role, cells: cells.length })),
    [detail.steps]
  );
  const statuses = new Map<string, IStepStatus>(
    detail.steps.map(step => [step.name, { ...step, progress: model.progress.get(step.name) }])
  );
  const pictures = new Map<string, string>();
  for (const [step, outputs] of model.outputs) {
    const picture = pictureOf(outputs);
    if (picture && graphFigures) {
      pictures.set(step, picture);
    }
  }
  const step = detail.steps.find(one => one.name === selected);
  return (
    <div className="kfj-Steps">
      <Graph
        {...{ nodes, edges: detail.edges, statuses, pictures, selected, onSelect, trans }}
        direction={graphDirection}
        label={trans.__('Steps of run %1', detail.summary.id)}
      />
      {step && <StepDetails {...props} step={step} />}
    </div>
  );
}

function StepDetails({
  model,
  detail,
  runs,
  actions,
  trans,
  step,
  onSelect,
  onLog
}: IProps & { step: schema.StepRunView }): React.JSX.Element {
  const { summary } = detail;
  const stale = model.stale.get(step.name);
  const facts: [string, string][] = [];
  if (step.seconds !== null) {
    facts.push([trans.__('Time'), duration(step.seconds)]);
  }
  if (step.started !== null) {
    facts.push([trans.__('Began'), moment(step.started)]);
  }
  if (step.peak_memory) {
    facts.push([trans.__('Memory at most'), bytes(step.peak_memory)]);
  }
  if (step.attempt > 1) {
    facts.push([trans.__('Attempt'), String(step.attempt)]);
  }
  const button = (label: string, title: string, act: () => void, why: string | null = null) => (
    <LockableButton why={why} className="jp-mod-styled" title={title} onClick={act}>
      {label}
    </LockableButton>
  );
  return (
    <aside className="kfj-Step" aria-label={trans.__('Step “%1”', step.name)}>
      <div className="kfj-Step-head">
        <h3>{step.name}</h3>
        <button
          className="jp-Button jp-mod-minimal kfj-IconButton"
          aria-label={trans.__('Close')}
          onClick={() => onSelect(null)}
        >
          ×
        </button>
      </div>
      <p>
        <StepState step={step} progress={model.progress.get(step.name)} trans={trans} />
      </p>
      {step.error && <Fault {...{ step, summary, actions, trans }} error={step.error} />}
      <dl>
        {facts.map(([name, value]) => (
          <React.Fragment key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </React.Fragment>
        ))}
      </dl>
      {stale && <p className="kfj-Quiet">{stale}</p>}
      <div className="kfj-Step-actions">
        {button(trans.__('Show log'), trans.__('What the step has printed'), () => onLog(step.name))}
        {step.attempt + Number(step.cached) > 0 &&
          button(trans.__('Open step'), trans.__('The cells as they were executed, with their outputs'), () =>
            runs.openStep(summary.id, step.name)
          )}
        {button(
          trans.__('Load into kernel, before'),
          trans.__('Put what the step reads into the kernel of the notebook'),
          () => void runs.load(summary.id, step.name, 'before')
        )}
        {step.state === 'succeeded' &&
          button(
            trans.__('Load into kernel, after'),
            trans.__('Put what the step read and wrote into the kernel of the notebook'),
            () => void runs.load(summary.id, step.name, 'after')
          )}
        {isOver(summary.state) &&
          hasEnded(step.state) &&
          button(
            trans.__('Run from here'),
            trans.__('A new run of the notebook as it is saved now, from this step on'),
            () => void actions.runFrom(summary, step.name),
            actions.policy.whyOff('run')
          )}
      </div>
    </aside>
  );
}
