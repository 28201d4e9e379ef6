import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IPipelineModel } from '../tokens';
import { Empty } from '../ui/message';
import { PipelineGraph } from './pipeline';
import { Read } from './read';
import type { Session } from './session';
import type { ITools } from './tools';

/** The graph of one notebook, beside it. */
export class GraphWidget extends ReactWidget {
  constructor(
    /** The notebook's path. */
    readonly path: string,
    private readonly tools: ITools
  ) {
    super();
    this.addClass('kfj-GraphWidget');
  }

  /** The notebook is open. */
  present(model: IPipelineModel): void {
    this.session = this.tools.sessions.of(model);
    this.update();
  }

  protected override render(): React.JSX.Element {
    const { trans, execute } = this.tools;
    return this.session ? (
      <Shown session={this.session} tools={this.tools} />
    ) : (
      <Empty title={trans.__('The notebook is not open')}>
        <p>{this.path}</p>
        <button
          type="button"
          className="jp-mod-styled"
          onClick={() => void execute('docmanager:open', { path: this.path })}
        >
          {trans.__('Open it')}
        </button>
      </Empty>
    );
  }

  private session: Session | null = null;
}

function Shown({ session, tools }: { session: Session; tools: ITools }): React.JSX.Element {
  const { trans } = tools;
  return (
    <Read session={session} tools={tools}>
      {view =>
        view.steps.length ? (
          <PipelineGraph session={session} view={view} tools={tools} />
        ) : (
          <Empty title={trans.__('There are no steps')}>
            <p>{view.problems[0]?.message ?? trans.__('Write some code, and it is shown here.')}</p>
          </Empty>
        )
      }
    </Read>
  );
}
