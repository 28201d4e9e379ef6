import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type * as schema from '../api/schema';
import type { IRuns, IServer, RunDefaults } from '../tokens';
import type { Latest } from './latest';
import { RunModel } from './model';

/** What the runs ask of the application around them. */
export interface IPlaces {
  openRun(id: string, step?: string): void;
  openStep(id: string, step: string): void;
  /** The notebook at a path of the contents API, opened if need be. */
  notebook(path: string): Promise<NotebookPanel>;
  load(panel: Promise<NotebookPanel>, run: string, step: string, when: 'before' | 'after'): Promise<void>;
}

/** See {@link IRuns}. */
export class Runs implements IRuns {
  constructor(
    private readonly server: IServer,
    private readonly places: IPlaces,
    private readonly remembered: Latest,
    readonly defaults: () => RunDefaults,
    /** Whether the page of a run is opened when it starts. */
    private readonly shows: () => boolean,
    private readonly trans: TranslationBundle
  ) {}

  /** The server is asked to tell of runs from the first time on that somebody wants to know. */
  get changed(): ISignal<this, string> {
    this.watching ??= this.server.stream.watch(runs => runs.forEach(run => this._changed.emit(run)));
    return this._changed;
  }

  async start(request: schema.RunRequest): Promise<schema.RunSummary> {
    const { run } = await this.server.client.start(request);
    this.remembered.set(request.path, run.id);
    this._changed.emit(run.id);
    if (this.shows()) {
      this.open(run.id);
    }
    return run;
  }

  follow(id: string): RunModel {
    return new RunModel(id, this.server.client, this.server.stream);
  }

  open(id: string, step?: string): void {
    this.places.openRun(id, step);
  }

  openStep(id: string, step: string): void {
    this.places.openStep(id, step);
  }

  load(id: string, step: string, when: 'before' | 'after'): Promise<void> {
    return this.places.load(this.notebookOf(id), id, step, when);
  }

  latest(path: string): string | undefined {
    return this.remembered.get(path);
  }

  private async notebookOf(id: string): Promise<NotebookPanel> {
    const { summary } = await this.server.client.run(id);
    if (summary.notebook === null) {
      throw new Error(
        this.trans.__(
          'The notebook of this run, %1, is outside of the folder that this server shows, so it cannot be opened here.',
          summary.file
        )
      );
    }
    return this.places.notebook(summary.notebook);
  }

  private readonly _changed = new Signal<this, string>(this);
  private watching: IDisposable | undefined;
}
