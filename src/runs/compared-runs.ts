import type { IDisposable } from '@lumino/disposable';

import { type Client, RequestError } from '../api/client';
import type * as schema from '../api/schema';
import type { IStream } from '../api/stream';
import { Coalesced } from './coalesced';
import { Observed } from './observed';

const DELAY = 200;
/** Requests at the same time. */
const AT_ONCE = 6;

/** The runs that are compared, kept up to date. */
export class CompareRuns extends Observed {
  constructor(
    readonly ids: readonly string[],
    private readonly client: Pick<Client, 'run'>,
    stream: IStream
  ) {
    super();
    this.reading = new Coalesced(() => this.read(), DELAY);
    this.watching = stream.watch(told => {
      if (told.length === 0 || told.some(id => ids.includes(id))) {
        this.reading.ask();
      }
    });
    this.reading.now();
  }

  /** In the order of their ids; null before the first answer. */
  get runs(): readonly schema.RunSummary[] | null {
    return this._runs;
  }

  /** Ids of runs that are gone. */
  get missing(): readonly string[] {
    return this._missing;
  }

  override dispose(): void {
    this.watching.dispose();
    this.reading.dispose();
    super.dispose();
  }

  refresh(): void {
    this.reading.now();
  }

  private async read(): Promise<void> {
    const found = new Map<string, schema.RunSummary>();
    const waiting = [...this.ids];
    const work = async () => {
      for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
        try {
          found.set(id, (await this.client.run(id)).summary);
        } catch (error) {
          if (!(error instanceof RequestError && error.failure === 'missing')) {
            throw error;
          }
        }
      }
    };
    try {
      await Promise.all(Array.from({ length: AT_ONCE }, work));
      this._runs = this.ids.flatMap(id => found.get(id) ?? []);
      this._missing = this.ids.filter(id => !found.has(id));
      this._error = null;
    } catch (error) {
      this._error = error;
    }
    this.tell();
  }

  private _runs: readonly schema.RunSummary[] | null = null;
  private _missing: readonly string[] = [];
  private readonly reading: Coalesced;
  private readonly watching: IDisposable;
}
