import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { Signal, type ISignal } from '@lumino/signaling';

import type { IPipelineModel, IPipelines } from '../tokens';
import { type IPipelineModelOptions, PipelineModel } from './model';

/** What each notebook's model is made with; its path by the path of the document. */
type Options = Omit<IPipelineModelOptions, 'panel' | 'path' | 'show'> & {
  path: (documentPath: string) => string;
  /** Whether it is a user's notebook, not what a run has executed. */
  counts: (documentPath: string) => boolean;
  show: (panel: NotebookPanel) => void;
};

/** {@link IPipelines}: a model for each open notebook that counts, from its opening to its closing. */
export class Pipelines implements IPipelines {
  private readonly models = new Map<NotebookPanel, PipelineModel>();
  private readonly _currentChanged = new Signal<this, IPipelineModel | null>(this);

  constructor(
    private readonly tracker: INotebookTracker,
    private readonly options: Options
  ) {
    tracker.forEach(panel => this.add(panel));
    tracker.widgetAdded.connect((_, panel) => this.add(panel));
    tracker.currentChanged.connect(() => this._currentChanged.emit(this.current));
  }

  /** While what a run has executed is looked at, that of the notebook before. */
  get current(): IPipelineModel | null {
    const panel = this.tracker.currentWidget;
    if (panel === null) {
      return null;
    }
    if (this.options.counts(panel.context.path)) {
      this.last = panel;
    }
    return this.last === null ? null : (this.of(this.last) ?? null);
  }

  get currentChanged(): ISignal<this, IPipelineModel | null> {
    return this._currentChanged;
  }

  of(panel: NotebookPanel): PipelineModel | undefined {
    if (!panel.isDisposed && !this.models.has(panel)) {
      this.add(panel);
    }
    return this.models.get(panel);
  }

  /** The server can be reached again. */
  refresh(): void {
    for (const model of this.models.values()) {
      model.refresh();
    }
  }

  private add(panel: NotebookPanel): void {
    if (this.models.has(panel) || !this.options.counts(panel.context.path)) {
      return;
    }
    const { path, show, ...options } = this.options;
    const model = new PipelineModel({
      ...options,
      panel,
      path: () => path(panel.context.path),
      show: () => show(panel)
    });
    this.models.set(panel, model);
    panel.disposed.connect(() => {
      this.models.delete(panel);
      model.dispose();
      if (this.last === panel) {
        this.last = null;
      }
    });
  }

  private last: NotebookPanel | null = null;
}
