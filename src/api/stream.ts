import type { IDisposable } from '@lumino/disposable';

import type { RunEvent } from './schema';

/** The one event stream of the server. Lost connections come back by themselves, from the last event that was seen. */
export interface IStream {
  /** Give `listen` every event of a run behind `after`, in order, each once, until disposed of. */
  follow(run: string, after: number, listen: (events: readonly RunEvent[]) => void): IDisposable;
  /** Call `listen` with the ids of runs that were started, have changed their state or are gone. */
  watch(listen: (runs: readonly string[]) => void): IDisposable;
}
