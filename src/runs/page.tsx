import { ReactWidget } from '@jupyterlab/apputils';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import { type ISignal, Signal } from '@lumino/signaling';
import * as React from 'react';

import type { Client } from '../api/client';
import type * as schema from '../api/schema';
import type { IStream } from '../api/stream';
import type { IRuns, IServer } from '../tokens';
import { Boundary } from '../ui/boundary';
import { pipelineIcon } from '../ui/icons';
import { Lost } from '../ui/lost';
import { Loading, Problem } from '../ui/message';
import { useSignal } from '../ui/signal';
import { Tabs } from '../ui/tabs';
import type { RunActions } from './actions';
import { Artifacts } from './artifacts';
import { Environment, ParametersAndMetrics } from './facts';
import { FailureCard } from './failure';
import { Header } from './header';
import { Logs } from './log';
import { RunModel } from './model';
import { Results } from './results';
import { type IShown, type Tab, TABS } from './shown';
import { Steps } from './steps';
import { Timeline } from './timeline';

export interface IPageProps {
  model: RunModel;
  client: Client;
  stream: IStream;
  runs: IRuns;
  actions: RunActions;
  rendermime: IRenderMimeRegistry;
  trans: TranslationBundle;
}

export function createPage({
  id,
  server,
  ...props
}: Omit<IPageProps, 'model' | 'client' | 'stream'> & { id: string; server: IServer }): RunPage {
  const { client, stream } = server;
  return new RunPage({ ...props, client, stream, model: new RunModel(id, client, stream) });
}

/** A run's page. */
export class RunPage extends ReactWidget {
  constructor(private readonly props: IPageProps) {
    super();
    this.addClass('kfj-RunPage');
    this.title.icon = pipelineIcon;
    this.entitle();
    props.model.changed.connect(this.entitle, this);
  }

  get run(): string {
    return this.props.model.id;
  }

  get shown(): IShown {
    return this._shown;
  }

  get shownChanged(): ISignal<this, void> {
    return this._shownChanged;
  }

  /** Show a part, or a step. */
  turnTo(change: Partial<IShown>): void {
    this._shown = { ...this._shown, ...change };
    this.update();
    this._shownChanged.emit();
  }

  override dispose(): void {
    super.dispose();
    this.props.model.dispose();
    Signal.clearData(this);
  }

  protected override render(): React.JSX.Element {
    return <Page {...this.props} shown={this._shown} onShow={change => this.turnTo(change)} />;
  }

  private entitle(): void {
    const { model, trans } = this.props;
    const summary = model.detail?.summary;
    this.title.label = summary ? trans.__('%1 · run', summary.name) : trans.__('Run %1', model.id);
    this.title.caption = trans.__('Run %1', model.id);
  }

  private _shown: IShown = { tab: 'steps', step: null };
  private readonly _shownChanged = new Signal<this, void>(this);
}

export function Page(
  props: IPageProps & { shown: IShown; onShow: (change: Partial<IShown>) => void }
): React.JSX.Element {
  const { model, stream, actions, trans } = props;
  useSignal(model.changed);
  useSignal(actions.policy.changed);
  useSignal(actions.settings.changed);
  const { detail, error } = model;
  if (!detail) {
    return error === null ? (
      <Loading>{trans.__('Asking for the run…')}</Loading>
    ) : (
      <Problem error={error} trans={trans} retry={() => model.refresh()} />
    );
  }
  return (
    <>
      <Header {...props} detail={detail} />
      <Lost stream={stream} trans={trans} />
      {error !== null && <Problem error={error} trans={trans} retry={() => model.refresh()} />}
      <FailureCard {...props} detail={detail} onSelect={step => props.onShow({ step })} />
      <Notes detail={detail} trans={trans} />
      <Body {...props} detail={detail} />
    </>
  );
}

function Body({
  model,
  client,
  runs,
  actions,
  rendermime,
  trans,
  detail,
  shown,
  onShow
}: IPageProps & {
  detail: schema.RunDetail;
  shown: IShown;
  onShow: (change: Partial<IShown>) => void;
}): React.JSX.Element {
  const { tab, step: selected } = shown;
  const onSelect = (step: string | null) => onShow({ step });
  const labels: Record<Tab, string> = {
    steps: trans.__('Graph'),
    timeline: trans.__('Timeline'),
    logs: trans.__('Logs'),
    results: trans.__('Results'),
    artifacts: trans.__('Artifacts'),
    values: trans.__('Parameters and metrics'),
    environment: trans.__('Environment')
  };
  const logOf = selected ?? mostTelling(detail);
  const body = () => {
    switch (tab) {
      case 'steps':
        return (
          <Steps
            {...{ model, detail, runs, actions, trans, selected, onSelect }}
            onLog={step => onShow({ step, tab: 'logs' })}
          />
        );
      case 'timeline':
        return <Timeline {...{ detail, selected, trans, onSelect }} />;
      case 'logs':
        return <Logs {...{ model, client, detail, trans, onSelect }} step={logOf} />;
      case 'results':
        return <Results {...{ model, detail, rendermime, trans }} />;
      case 'artifacts':
        return <Artifacts {...{ model, client, trans }} policy={actions.policy} />;
      case 'values':
        return <ParametersAndMetrics run={detail.summary} trans={trans} />;
      case 'environment':
        return <Environment detail={detail} trans={trans} />;
    }
  };
  return (
    <Tabs
      tabs={TABS.map(id => ({ id, label: labels[id] }))}
      chosen={tab}
      label={trans.__('Parts of the run')}
      onChoose={id => onShow({ tab: id as Tab })}
    >
      <Boundary key={tab} trans={trans}>
        {body()}
      </Boundary>
    </Tabs>
  );
}

/** The step whose log one would want to see: that which failed or runs, else the last that has ended. */
function mostTelling(detail: schema.RunDetail): string {
  const { steps } = detail;
  const found =
    steps.find(step => step.state === 'failed') ??
    steps.find(step => step.state === 'running') ??
    [...steps].reverse().find(step => step.state === 'succeeded') ??
    steps[0];
  return found?.name ?? '';
}

/** What was found while running and does not stop it. */
function Notes({
  detail,
  trans
}: {
  detail: schema.RunDetail;
  trans: TranslationBundle;
}): React.JSX.Element | null {
  const { problems } = detail;
  if (problems.length === 0) {
    return null;
  }
  return (
    <details className="kfj-Notes">
      <summary>{trans._n('%1 note about this run', '%1 notes about this run', problems.length)}</summary>
      <ul>
        {problems.map((problem, place) => (
          <li key={place}>
            {problem.step && <strong>{problem.step}: </strong>}
            {problem.message}
          </li>
        ))}
      </ul>
    </details>
  );
}
