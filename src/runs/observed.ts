import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

/** What the models of runs share: why the last answer could not be had, a signal of changes, and an end behind which nothing is told. */
export abstract class Observed implements IDisposable {
  /** Null when the last answer could be had. */
  get error(): unknown {
    return this._error;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this.disposed;
  }

  dispose(): void {
    this.disposed = true;
    Signal.clearData(this);
  }

  protected tell(): void {
    if (!this.disposed) {
      this._changed.emit();
    }
  }

  protected _error: unknown = null;
  private disposed = false;
  private readonly _changed = new Signal<this, void>(this);
}
