import type { IDisposable } from '@lumino/disposable';

/**
 * Work that is asked for more often than it should be done: it is done `delay` milliseconds after the first call, once for all calls until
 * then, and never twice at the same time. `work` handles its own failures.
 */
export class Coalesced implements IDisposable {
  constructor(
    private readonly work: () => Promise<void>,
    private readonly delay: number
  ) {}

  get isDisposed(): boolean {
    return this.disposed;
  }

  ask(): void {
    if (this.disposed || this.timer !== undefined) {
      return;
    }
    if (this.busy) {
      this.again = true;
      return;
    }
    this.timer = setTimeout(() => void this.run(), this.delay);
  }

  /** Begin at once, unless it is being done already: then again after that. */
  now(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.busy) {
      this.again = true;
    } else if (!this.disposed) {
      void this.run();
    }
  }

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.timer);
  }

  private async run(): Promise<void> {
    this.timer = undefined;
    this.busy = true;
    try {
      await this.work();
    } finally {
      this.busy = false;
      if (this.again) {
        this.again = false;
        this.ask();
      }
    }
  }

  private timer: ReturnType<typeof setTimeout> | undefined;
  private busy = false;
  private again = false;
  private disposed = false;
}
