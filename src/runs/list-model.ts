import type { IDisposable } from '@lumino/disposable';

import { type Client, RequestError } from '../api/client';
import type * as schema from '../api/schema';
import type { IStream } from '../api/stream';
import { Coalesced } from './coalesced';
import { Observed } from './observed';

/** Runs asked for at a time. */
export const PAGE = 100;
/** Milliseconds after a keystroke in the search until it is asked for. */
const TYPING = 250;
/** Milliseconds in which news of runs are gathered. */
const NEWS = 200;
/** So many runs in one piece of news are looked at one by one; with more the list is read anew. */
const ONE_BY_ONE = 8;

export interface IRunFilter {
  readonly text: string;
  readonly states: readonly schema.RunState[];
  /** Only runs of this notebook (a path of the contents API); null: of all. */
  readonly notebook: string | null;
}

export const NO_FILTER: IRunFilter = { text: '', states: [], notebook: null };

export type ListSource = Pick<Client, 'runs' | 'run'>;

/** Runs, newest first, as far as they have been asked for; kept up to date. */
export class ListModel extends Observed {
  constructor(
    private readonly client: ListSource,
    stream: IStream
  ) {
    super();
    this.reading = new Coalesced(() => this.read(), TYPING);
    this.news = new Coalesced(() => this.readNews(), NEWS);
    this.watching = stream.watch(ids => {
      if (ids.length === 0) {
        this.reading.ask(); // any may have changed
      } else {
        ids.forEach(id => this.told.add(id));
        this.news.ask();
      }
    });
    this.reading.now();
  }

  /** Null before the first answer. */
  get runs(): readonly schema.RunSummary[] | null {
    return this._runs;
  }

  /** How many there are, asked for or not. */
  get total(): number {
    return this._total;
  }

  get filter(): IRunFilter {
    return this._filter;
  }

  /** Whether there are older runs that have not been asked for. */
  get more(): boolean {
    return this.next !== null;
  }

  get selected(): ReadonlySet<string> {
    return this._selected;
  }

  override dispose(): void {
    this.watching.dispose();
    this.reading.dispose();
    this.news.dispose();
    super.dispose();
  }

  setFilter(change: Partial<IRunFilter>): void {
    const typed = change.text !== undefined && change.text !== this._filter.text;
    this._filter = { ...this._filter, ...change };
    if (typed) {
      this.reading.ask();
    } else {
      this.reading.now();
    }
    this.tell();
  }

  refresh(): void {
    this.reading.now();
  }

  /** Ask for older runs. */
  async loadMore(): Promise<void> {
    if (this.next === null || this.loading || this._runs === null) {
      return;
    }
    this.loading = true;
    const filter = this._filter;
    try {
      const page = await this.client.runs({ ...query(filter), before: this.next, limit: PAGE });
      if (filter === this._filter && !this.isDisposed) {
        const known = new Set(this._runs.map(run => run.id));
        this._runs = [...this._runs, ...page.runs.filter(run => !known.has(run.id))];
        this._total = page.total;
        this.next = page.next;
        this._error = null;
      }
    } catch (error) {
      this._error = error;
    } finally {
      this.loading = false;
    }
    this.emit();
  }

  toggle(id: string): void {
    if (!this._selected.delete(id)) {
      this._selected.add(id);
    }
    this.tell();
  }

  clearSelection(): void {
    this._selected.clear();
    this.tell();
  }

  /** Take a run out of the list that is known to be gone. */
  forget(id: string): void {
    if (this._runs?.some(run => run.id === id)) {
      this._runs = this._runs.filter(run => run.id !== id);
      this._total--;
    }
    this._selected.delete(id);
    this.emit();
  }

  private async read(): Promise<void> {
    const filter = this._filter;
    try {
      const page = await this.client.runs({ ...query(filter), limit: PAGE });
      if (filter === this._filter) {
        const merged = filter === this.readFor ? newestOver(this._runs ?? [], page) : page.runs;
        this.next = merged.length > page.runs.length ? this.next : page.next;
        this.readFor = filter;
        this._runs = merged;
        this._total = page.total;
        this._error = null;
      }
    } catch (error) {
      if (filter === this._filter) {
        this._error = error;
      }
    }
    this.emit();
  }

  /** Runs that are shown are asked for one by one; the list is needed for the others, and for many. */
  private async readNews(): Promise<void> {
    const ids = [...this.told];
    this.told.clear();
    const shown = new Set(this._runs?.map(run => run.id));
    const known = ids.filter(id => shown.has(id));
    if (known.length < ids.length || known.length > ONE_BY_ONE) {
      this.reading.now();
    }
    if (known.length <= ONE_BY_ONE) {
      await Promise.all(known.map(id => this.readOne(id)));
      this.emit();
    }
  }

  private async readOne(id: string): Promise<void> {
    try {
      const { summary } = await this.client.run(id);
      const { states } = this._filter;
      const fits = states.length === 0 || states.includes(summary.state);
      this._runs = this._runs?.flatMap(run => (run.id !== id ? [run] : fits ? [summary] : [])) ?? null;
    } catch (error) {
      if (error instanceof RequestError && error.failure === 'missing') {
        this.forget(id);
      } else {
        this._error = error;
      }
    }
  }

  private emit(): void {
    this.tell();
  }

  private _runs: readonly schema.RunSummary[] | null = null;
  private _total = 0;
  private _filter = NO_FILTER;
  /** What the runs that are shown were asked for with. */
  private readFor: IRunFilter | null = null;
  private next: string | null = null;
  private loading = false;
  private readonly told = new Set<string>();
  private readonly _selected = new Set<string>();
  private readonly reading: Coalesced;
  private readonly news: Coalesced;
  private readonly watching: IDisposable;
}

/** A list after its newest page was read again: what was read before of older runs stays. */
export function newestOver(
  runs: readonly schema.RunSummary[],
  page: Pick<schema.RunPage, 'runs' | 'next'>
): readonly schema.RunSummary[] {
  const last = page.runs.at(-1);
  if (!last || page.next === null) {
    return page.runs;
  }
  const place = runs.findIndex(run => run.id === last.id);
  return place < 0 ? page.runs : [...page.runs, ...runs.slice(place + 1)];
}

function query(filter: IRunFilter) {
  return { text: filter.text.trim(), state: [...filter.states], notebook: filter.notebook };
}
