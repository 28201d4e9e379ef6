import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { PathExt } from '@jupyterlab/coreutils';

import { pipelineIcon } from '../ui/icons';
import type { GraphWidget } from './graph-widget';
import type { ITools } from './tools';

/** Graphs beside their notebooks: opened, found again after a reload, closed with their notebook. */
export class Graphs {
  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly notebooks: INotebookTracker,
    private readonly tools: ITools
  ) {
    notebooks.widgetAdded.connect((_, panel) => this.opened(panel));
  }

  /** Keep them over reloads; `command` opens the one of `path`. */
  restore(restorer: ILayoutRestorer, command: string): void {
    void restorer.restore(this.tracker, {
      command,
      args: ({ content }) => ({ path: content.path }),
      name: ({ content }) => content.path
    });
  }

  /** Open the graph of the notebook at `path`, to the right of it. */
  async open(path: string): Promise<void> {
    const found = this.tracker.find(({ content }) => content.path === path);
    if (found) {
      this.app.shell.activateById(found.id);
      return;
    }
    const { GraphWidget } = await import('./graph-widget');
    const { trans } = this.tools;
    const content = new GraphWidget(path, this.tools);
    const widget = new MainAreaWidget({ content });
    widget.id = `kfjlab-graph-${path}`;
    widget.title.label = trans.__('Graph of %1', PathExt.basename(path));
    widget.title.caption = trans.__('The pipeline of %1', path);
    widget.title.icon = pipelineIcon;
    widget.title.closable = true;
    const panel = this.notebooks.find(one => one.context.path === path);
    this.app.shell.add(widget, 'main', panel ? { mode: 'split-right', ref: panel.id } : {});
    await this.tracker.add(widget);
    if (panel) {
      this.opened(panel);
    }
  }

  /** A notebook is open: its graph, if there is one, shows it and closes with it. */
  private opened(panel: NotebookPanel): void {
    const widget = this.tracker.find(({ content }) => content.path === panel.context.path);
    const model = widget && this.tools.pipelines.of(panel);
    if (model) {
      widget.content.present(model);
      panel.disposed.connect(() => widget.dispose());
    }
  }

  private readonly tracker = new WidgetTracker<MainAreaWidget<GraphWidget>>({ namespace: 'kfjlab-graph' });
}
