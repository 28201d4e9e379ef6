import type { IDisposable } from '@lumino/disposable';

/** Milliseconds after which something that goes on changing is asked about all the same, unless it is to be quiet for longer. */
const PATIENCE = 1000;

/** Milliseconds that an answer may take to be asked for at every change, without waiting for quiet. */
const QUICK = 100;

/** Milliseconds between attempts while they fail: the first, doubling up to the last. */
const PAUSES = [1000, 30_000] as const;

/**
 * Asks again and again about something that changes: when it has been quiet for a while, the shorter the quicker the last answer came, one
 * question at a time, after a failure with growing pauses until an answer comes.
 */
export class Asking implements IDisposable {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private controller: AbortController | null = null;
  /** When the first change came that no question covers; none if there is no such change. */
  private since: number | undefined;
  /** How long to be quiet after the last change. */
  private quiet = 0;
  private pause = 0;
  /** How long the last answer took. */
  private took = Infinity;
  private disposed = false;

  /** `ask` says whether there was an answer that makes another attempt useless; it must not reject. */
  constructor(
    private readonly ask: (signal: AbortSignal) => Promise<boolean>,
    /** Milliseconds to be quiet at least, however quick answers are. */
    private readonly least: () => number
  ) {}

  get isDisposed(): boolean {
    return this.disposed;
  }

  /** Something has changed: ask once it has not for `quiet` ms at most. */
  soon(quiet: number): void {
    if (this.disposed) {
      return;
    }
    this.since ??= Date.now();
    this.quiet = quiet;
    if (this.controller === null) {
      this.arm(this.since);
    }
  }

  /** Whatever kept answers away is over: ask at once. */
  now(): void {
    this.pause = 0;
    this.soon(0);
  }

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.timer);
    this.controller?.abort();
  }

  private arm(since: number): void {
    const least = this.quiet > 0 ? this.least() : 0;
    const latest = Math.max(0, since + Math.max(PATIENCE, 2 * least) - Date.now());
    const quiet = Math.max(least, Math.min(this.quiet, Math.max(0, this.took - QUICK)));
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.run(), Math.max(this.pause, Math.min(quiet, latest)));
  }

  private async run(): Promise<void> {
    this.since = undefined;
    this.controller = new AbortController();
    const began = Date.now();
    const answered = await this.ask(this.controller.signal);
    this.took = Date.now() - began;
    this.controller = null;
    this.pause = answered ? 0 : Math.min(Math.max(PAUSES[0], 2 * this.pause), PAUSES[1]);
    if (!answered || this.isChanged()) {
      this.soon(this.quiet);
    }
  }

  private isChanged(): boolean {
    return this.since !== undefined;
  }
}
