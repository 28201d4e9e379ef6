import type { CellChange, ISharedCell, ISharedNotebook, NotebookChange } from '@jupyter/ydoc';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';

import { type Client, RequestError } from '../api/client';
import type * as schema from '../api/schema';
import type { IPipelineModel } from '../tokens';
import { Asking } from './asking';
import { keyChanges, metadataIn, metadataNow, timely } from './changes';
import { contentOf, NOTEBOOK_KEYS, TAG_KEYS } from './content';
import { History } from './history';
import { reveal } from './reveal';

/** Milliseconds of quiet after a change of text before it is analysed. */
export const QUIET = 150;

/** How often an edit is worked out anew because somebody else has changed the same cell meanwhile. */
const ATTEMPTS = 3;

export interface IPipelineModelOptions {
  panel: NotebookPanel;
  client: Pick<Client, 'analyse' | 'edit'>;
  /** The path of the notebook for the server, without the name of a drive. */
  path: () => string;
  /** Milliseconds of quiet at least, after a change of text, before it is analysed. */
  quiet: () => number;
  /** Bring the panel to the front. */
  show: () => void;
  trans: TranslationBundle;
}

/** {@link IPipelineModel} of a notebook: asks the server for its pipeline whenever something that matters changes. */
export class PipelineModel implements IPipelineModel, IDisposable {
  readonly panel: NotebookPanel;
  view: schema.PipelineView | null = null;
  error: unknown = null;
  private readonly notebook: ISharedNotebook;
  private readonly history: History;
  private readonly asking = new Asking(
    signal => this.analyse(signal),
    () => this.options.quiet()
  );
  private readonly _changed = new Signal<this, void>(this);
  /** Counts the changes that matter: of the document, and which of them `view` has seen. */
  private revision = 0;
  private seen = 0;
  /** Edits are worked out one after the other, each on what the one before has made. */
  private last: Promise<unknown> = Promise.resolve();
  private disposed = false;

  constructor(private readonly options: IPipelineModelOptions) {
    this.panel = options.panel;
    const { context } = this.panel;
    this.notebook = context.model.sharedModel;
    this.history = new History(this.notebook);
    context.fileChanged.connect(this.emit, this);
    context.pathChanged.connect(this.renamed, this);
    context.model.stateChanged.connect(this.emit, this);
    void context.ready.then(() => this.start());
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this.disposed;
  }

  get readOnly(): boolean {
    const { context } = this.panel;
    return context.model.readOnly || context.contentsModel?.writable === false;
  }

  get canUndo(): boolean {
    return !this.readOnly && this.history.canUndo;
  }

  get canRedo(): boolean {
    return !this.readOnly && this.history.canRedo;
  }

  content(): schema.Notebook {
    return contentOf(this.notebook, this.options.path());
  }

  edit(edits: schema.Edit[]): Promise<void> {
    const done = this.last.then(() => this.carryOut(edits));
    this.last = done.catch(() => undefined);
    return done;
  }

  check(edits: schema.Edit[]): Promise<schema.Edited> {
    return this.options.client.edit(this.content(), edits);
  }

  undo(): void {
    this.checkWritable();
    this.history.undo();
    this.emit();
  }

  redo(): void {
    this.checkWritable();
    this.history.redo();
    this.emit();
  }

  async reveal(cellId: string, line?: number): Promise<void> {
    this.options.show();
    await reveal(this.panel.content, cellId, line);
  }

  /** The server can be reached again, or may have something new to say. */
  refresh(): void {
    this.asking.now();
  }

  dispose(): void {
    if (this.disposed) {
      return;
    }
    this.disposed = true;
    this.asking.dispose();
    this.notebook.changed.disconnect(this.onNotebook, this);
    for (const cell of this.notebook.cells) {
      cell.changed.disconnect(this.onCell, this);
    }
    Signal.clearData(this);
  }

  private start(): void {
    if (this.disposed) {
      return;
    }
    this.notebook.changed.connect(this.onNotebook, this);
    this.listen(this.notebook.cells);
    this.touched(0);
  }

  private listen(cells: Iterable<ISharedCell>): void {
    for (const cell of cells) {
      cell.changed.connect(this.onCell, this);
    }
  }

  private onNotebook(_: ISharedNotebook, change: NotebookChange): void {
    if (change.cellsChange) {
      for (const { insert } of change.cellsChange) {
        this.listen(insert ?? []);
      }
      this.touched(QUIET);
    }
    if (change.metadataChange && concerns(change.metadataChange, NOTEBOOK_KEYS)) {
      this.touched(0);
    }
  }

  private onCell(_: ISharedCell, change: CellChange): void {
    if (change.metadataChange && concerns(change.metadataChange, TAG_KEYS)) {
      this.touched(0);
    } else if (change.sourceChange) {
      this.touched(QUIET);
    }
  }

  private renamed(): void {
    this.touched(0);
  }

  /** The document has changed. */
  private touched(quiet: number): void {
    this.revision++;
    this.asking.soon(quiet);
  }

  /** See {@link Asking}. */
  private async analyse(signal: AbortSignal): Promise<boolean> {
    const revision = this.revision;
    let error: unknown = null;
    try {
      const view = await this.options.client.analyse(this.content(), signal);
      this.show(view, revision);
    } catch (reason) {
      error = reason;
    }
    if (this.disposed) {
      return true;
    }
    this.error = error;
    this.emit();
    return error === null || (error instanceof RequestError && error.failure === 'refused');
  }

  private show(view: schema.PipelineView, revision: number): void {
    if (!this.disposed && revision >= this.seen) {
      this.view = view;
      this.seen = revision;
    }
  }

  private async carryOut(edits: schema.Edit[]): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      this.checkWritable();
      const content = this.content();
      const revision = this.revision;
      const { changes, pipeline } = await this.options.client.edit(content, edits);
      if (this.disposed) {
        return;
      }
      const wanted = keyChanges(changes, metadataIn(content));
      if (timely(wanted, metadataNow(this.notebook)).length === wanted.length || attempt === ATTEMPTS) {
        const alone = this.revision === revision;
        this.history.make(timely(wanted, metadataNow(this.notebook)));
        if (alone) {
          // Nobody has changed anything else: the answer is of the document as it is now.
          this.show(pipeline, this.revision);
          this.error = null;
        }
        this.emit();
        return;
      }
    }
  }

  private checkWritable(): void {
    if (this.readOnly) {
      const { trans } = this.options;
      throw new RequestError(
        'refused',
        trans.__('This notebook is read-only, so its tags cannot be changed.'),
        trans.__('Save a copy of it (File → Save Notebook As…) and change that.')
      );
    }
  }

  private emit(): void {
    if (!this.disposed) {
      this._changed.emit();
    }
  }
}

function concerns(change: ReadonlyMap<string, unknown>, keys: ReadonlySet<string>): boolean {
  return [...change.keys()].some(key => keys.has(key));
}
