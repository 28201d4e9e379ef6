import { ReactWidget } from '@jupyterlab/ui-components';
import type { Widget } from '@lumino/widgets';
import * as React from 'react';

import type { IRunsView } from '../tokens';
import { Empty, Loading, Problem } from '../ui/message';
import { Tabs } from '../ui/tabs';
import { Hosted } from './hosted';
import { Pane } from './pane';
import type { ITools } from './tools';

/** What is in the panel. */
export class PanelBody extends ReactWidget {
  constructor(
    private readonly tools: ITools,
    private readonly runs: IRunsView | null
  ) {
    super();
    this.addClass('kfj-PanelBody');
  }

  override dispose(): void {
    void this.list?.then(widget => widget.dispose());
    super.dispose();
  }

  protected override render(): React.JSX.Element {
    return (
      <Body tools={this.tools} list={this.runs && (() => (this.list ??= this.runs?.create() ?? null))} />
    );
  }

  private list: Promise<Widget> | null = null;
}

type Tab = 'pipeline' | 'runs';

function Body({
  tools,
  list
}: {
  tools: ITools;
  list: (() => Promise<Widget> | null) | null;
}): React.JSX.Element {
  const { trans } = tools;
  const [tab, setTab] = React.useState<Tab>('pipeline');
  return (
    <Tabs
      tabs={[
        { id: 'pipeline', label: trans.__('Pipeline') },
        { id: 'runs', label: trans.__('Runs') }
      ]}
      chosen={tab}
      label={trans.__('Kubeflow')}
      onChoose={id => setTab(id as Tab)}
    >
      {tab === 'pipeline' ? (
        <Pane tools={tools} />
      ) : list ? (
        <RunList list={list} tools={tools} />
      ) : (
        <Empty title={trans.__('Runs are not shown')}>
          <p>{trans.__('The plugin that lists them, kfjlab:run-views, is disabled on this server.')}</p>
        </Empty>
      )}
    </Tabs>
  );
}

function RunList({ list, tools }: { list: () => Promise<Widget> | null; tools: ITools }): React.JSX.Element {
  const [widget, setWidget] = React.useState<Widget | null>(null);
  const [error, setError] = React.useState<unknown>(null);
  React.useEffect(() => {
    let current = true;
    list()?.then(
      made => current && setWidget(made),
      (reason: unknown) => current && setError(reason)
    );
    return () => {
      current = false;
    };
    // The list is made once, however often it is asked for.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);
  if (error !== null) {
    return <Problem error={error} trans={tools.trans} />;
  }
  return widget ? <Hosted widget={widget} /> : <Loading>{tools.trans.__('Loading…')}</Loading>;
}
