import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Client } from '../api/client';
import type * as schema from '../api/schema';
import type { IStream } from '../api/stream';
import type { IRunModel } from '../tokens';
import { Coalesced } from './coalesced';
import { Observed } from './observed';
import { applied, hasEnded, isOver, placeOf } from './events';

/** How many events of before the detail are asked for again: they tell which cell a running step is at. */
const EARLIER = 500;
/** Milliseconds within which several reasons to ask again are one. */
const DETAIL_DELAY = 100;
const OUTPUTS_DELAY = 400;

export type RunSource = Pick<Client, 'run' | 'outputs'>;

/** See {@link IRunModel}. The detail is asked for once and follows the events; it is asked for again when the run's state changes. */
export class RunModel extends Observed implements IRunModel {
  constructor(
    readonly id: string,
    private readonly client: RunSource,
    private readonly stream: IStream
  ) {
    super();
    this.refreshing = new Coalesced(() => this.fetchDetail(), DETAIL_DELAY);
    this.showing = new Coalesced(() => this.fetchOutputs(), OUTPUTS_DELAY);
    this.watching = stream.watch(runs => {
      // While the run goes on, its events tell more; it may be resumed or deleted afterwards.
      const over = !this._detail || isOver(this._detail.summary.state);
      if (runs.length === 0 || (over && runs.includes(this.id))) {
        this.refreshing.ask();
      }
    });
    this.refreshing.now();
  }

  get detail(): schema.RunDetail | null {
    return this._detail;
  }

  get progress(): ReadonlyMap<string, { cell: number; of: number }> {
    return this._progress;
  }

  get outputs(): ReadonlyMap<string, readonly schema.Output[]> {
    return this._outputs;
  }

  /** By step: why it had to run again. */
  get stale(): ReadonlyMap<string, string> {
    return this._stale;
  }

  /** A step's log (null: that of the imports and functions cells) has grown. */
  get logged(): ISignal<this, string | null> {
    return this._logged;
  }

  /** Steps have made artifacts. */
  get made(): ISignal<this, void> {
    return this._made;
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this.watching.dispose();
    this.following?.dispose();
    this.refreshing.dispose();
    this.showing.dispose();
    super.dispose();
  }

  /** Ask for the whole run again. */
  refresh(): void {
    this.refreshing.now();
  }

  private async fetchDetail(): Promise<void> {
    this.meanwhile = [];
    try {
      const detail = await this.client.run(this.id);
      if (this.isDisposed) {
        return;
      }
      const missed = this.meanwhile.filter(event => event.offset > detail.offset);
      this._detail = missed.reduce(applied, detail);
      this._error = null;
      if (!this.following) {
        const after = Math.max(0, detail.offset - EARLIER);
        this.following = this.stream.follow(this.id, after, events => this.take(events));
        this.show(null);
      }
    } catch (error) {
      this._error = error;
    }
    this.tell();
  }

  private take(events: readonly schema.RunEvent[]): void {
    if (!this._detail || this.isDisposed) {
      return;
    }
    const grown = new Set<string | null>();
    let made = false;
    for (const event of events) {
      this.note(event);
      if (event.kind === 'log') {
        grown.add(event.step ?? null);
      }
      made ||= event.kind === 'artifact';
      if (event.offset > this._detail.offset) {
        this.meanwhile.push(event);
        this.react(event);
        this._detail = applied(this._detail, event);
      }
    }
    this.tell();
    grown.forEach(step => this._logged.emit(step));
    if (made) {
      this._made.emit();
    }
  }

  /** What an event tells that is not in the detail: also of before it. */
  private note(event: schema.RunEvent): void {
    const step = event.step && this._detail?.steps.find(one => one.name === event.step);
    if (!step) {
      return;
    }
    const data = event.data ?? {};
    if (event.kind === 'cell' && data.state === 'running') {
      const place = placeOf(step, data.cell);
      if (place) {
        this._progress.set(step.name, place);
      }
    } else if (event.kind === 'stale') {
      this._stale.set(step.name, String(data.message));
    } else if (event.kind === 'step') {
      this._progress.delete(step.name);
    }
  }

  /** Ask for what an event only announces. */
  private react(event: schema.RunEvent): void {
    switch (event.kind) {
      case 'run':
      case 'problem':
        this.refreshing.ask();
        break;
      case 'display':
        this.show(event.step ?? null);
        break;
      case 'step': {
        const state = event.data?.state as schema.StepState;
        if (event.step && hasEnded(state)) {
          this.show(event.step);
        }
        break;
      }
    }
  }

  private show(step: string | null): void {
    this.toShow.add(step ?? '');
    this.showing.ask();
  }

  private async fetchOutputs(): Promise<void> {
    const steps = this.toShow.has('') ? [''] : [...this.toShow];
    this.toShow.clear();
    try {
      const answers = await Promise.all(steps.map(step => this.client.outputs(this.id, step)));
      for (const { step, outputs } of answers.flatMap(answer => answer.steps)) {
        if (outputs.length > 0) {
          this._outputs.set(step, outputs);
        } else {
          this._outputs.delete(step);
        }
      }
    } catch (error) {
      this._error = error;
    }
    this.tell();
  }

  private _detail: schema.RunDetail | null = null;
  private readonly _progress = new Map<string, { cell: number; of: number }>();
  private readonly _outputs = new Map<string, readonly schema.Output[]>();
  private readonly _stale = new Map<string, string>();
  private readonly _logged = new Signal<this, string | null>(this);
  private readonly _made = new Signal<this, void>(this);
  private readonly refreshing: Coalesced;
  private readonly showing: Coalesced;
  private readonly toShow = new Set<string>();
  private readonly watching: IDisposable;
  private following: IDisposable | undefined;
  /** Events since the detail was asked for last, which its answer may not know. */
  private meanwhile: schema.RunEvent[] = [];
}
