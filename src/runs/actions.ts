import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { Client } from '../api/client';
import type * as schema from '../api/schema';
import { givenParameters } from '../api/given';
import { reveal } from '../notebook/reveal';
import type { IPolicy, IRuns, ISettings } from '../tokens';
import { explain } from '../ui/explain';

/** What the actions ask of the application around them. */
export interface ISurroundings {
  compare(ids: readonly string[]): void;
  /** Open a notebook, by its path for the contents API, or go to it. */
  notebook(path: string): Promise<NotebookPanel>;
  /** Show the form for a run of the notebook in use, filled in. */
  runAgain(parameters: Record<string, unknown>): Promise<unknown>;
}

/** What can be done with a run from a list or from its page. Failures are told to the user. */
export class RunActions {
  constructor(
    private readonly client: Client,
    private readonly runs: IRuns,
    /** What may be done; who shows an action shows that it is locked. */
    readonly policy: IPolicy,
    readonly settings: ISettings,
    private readonly trans: TranslationBundle,
    private readonly around: ISurroundings
  ) {}

  open(id: string, step?: string): void {
    this.runs.open(id, step);
  }

  compare(ids: readonly string[]): void {
    this.around.compare(ids);
  }

  resume(id: string): Promise<boolean> {
    return this.told(() => this.client.resume(id));
  }

  cancel(id: string): Promise<boolean> {
    return this.told(() => this.client.cancel(id));
  }

  /** Open the form for a new run of the same notebook with the same parameters. */
  clone(run: schema.RunSummary): Promise<boolean> {
    return this.told(async () => {
      await this.around.notebook(this.notebookOf(run));
      await this.around.runAgain(run.parameters);
    });
  }

  /** Start a new run of the notebook as it is saved now: this step and those behind it, the others' results are taken over. */
  runFrom(run: schema.RunSummary, step: string): Promise<boolean> {
    return this.told(async () => {
      const started = await this.runs.start({
        ...this.runs.defaults(),
        path: this.notebookOf(run),
        parameters: givenParameters(run),
        target: run.target,
        start_from: [step]
      });
      this.runs.open(started.id);
    });
  }

  /** Show a cell in the run's notebook, with the cursor in a line of it. */
  goTo(run: schema.RunSummary, cell: string, line: number | null): Promise<boolean> {
    return this.told(async () => {
      const panel = await this.around.notebook(this.notebookOf(run));
      await panel.context.ready;
      await panel.revealed;
      if (!panel.content.widgets.some(widget => widget.model.id === cell)) {
        throw new Error(
          this.trans.__('The cell is not in the notebook any more: it was deleted after the run.')
        );
      }
      await reveal(panel.content, cell, line ?? undefined);
    });
  }

  openNotebook(run: schema.RunSummary): Promise<boolean> {
    return this.told(() => this.around.notebook(this.notebookOf(run)));
  }

  /** Delete runs, after asking where the user wants that; the ids of those that are gone. */
  async delete(runs: readonly schema.RunSummary[]): Promise<string[]> {
    if (this.policy.whyOff('delete') !== null) {
      return [];
    }
    const gone: string[] = [];
    if (!this.settings.value.confirmDelete || (await this.confirmed(runs))) {
      for (const { id } of runs) {
        if (await this.told(() => this.client.delete(id))) {
          gone.push(id);
        }
      }
    }
    return gone;
  }

  private async confirmed(runs: readonly schema.RunSummary[]): Promise<boolean> {
    const { trans } = this;
    const names = runs.map(run => trans.__('%1 (%2)', run.name, run.id)).join(', ');
    const { button } = await showDialog({
      title: trans._n('Delete this run?', 'Delete %1 runs?', runs.length),
      body: trans.__(
        '%1: logs, executed cells, metrics and the entry in this list are deleted. The notebook stays, and so do results that other runs use. This cannot be undone.',
        shortened(names)
      ),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Keep') }),
        Dialog.warnButton({ label: trans.__('Delete') })
      ]
    });
    return button.accept;
  }

  private notebookOf(run: schema.RunSummary): string {
    if (run.notebook === null) {
      throw new Error(
        this.trans.__(
          'The notebook of this run, %1, is outside of the folder that this server shows, so it cannot be opened here.',
          run.file
        )
      );
    }
    return run.notebook;
  }

  private async told(act: () => Promise<unknown>): Promise<boolean> {
    try {
      await act();
      return true;
    } catch (error) {
      const { what, todo } = explain(error, this.trans);
      Notification.error(todo ? `${what} ${todo}` : what, { autoClose: false });
      return false;
    }
  }
}

function shortened(text: string): string {
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}
