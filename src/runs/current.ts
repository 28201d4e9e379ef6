import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { Contents } from '@jupyterlab/services';
import { type ISignal, Signal } from '@lumino/signaling';

import { DRIVE } from '../api/drive';
import type { ICurrentNotebook } from './list';

/** The notebook in use, told when it is another one or has another path. What a run has executed does not count. */
export class CurrentNotebook implements ICurrentNotebook {
  constructor(
    private readonly tracker: INotebookTracker,
    private readonly contents: Contents.IManager
  ) {
    tracker.currentChanged.connect(() => this.look());
    this.look();
  }

  get path(): string | null {
    const path = this.tracker.currentWidget?.context.path;
    return path === undefined || this.contents.driveName(path) === DRIVE
      ? null
      : this.contents.localPath(path);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  private look(): void {
    this.panel?.context.pathChanged.disconnect(this.tell, this);
    this.panel = this.tracker.currentWidget;
    this.panel?.context.pathChanged.connect(this.tell, this);
    this.tell();
  }

  private tell(): void {
    this._changed.emit();
  }

  private panel: NotebookPanel | null = null;
  private readonly _changed = new Signal<this, void>(this);
}
