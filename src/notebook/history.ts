import type { ISharedNotebook } from '@jupyter/ydoc';

import { type IKeyChange, inverse, make, metadataNow, timely } from './changes';

/** How many changes are remembered. */
const LONGEST = 100;

/**
 * Changes of tags that can be taken back. A notebook's own history is of text and leaves metadata out. Here too, what somebody else
 * has changed since stays theirs, and what was in a cell that is gone is forgotten.
 */
export class History {
  private readonly done: IKeyChange[][] = [];
  private readonly undone: IKeyChange[][] = [];

  constructor(private readonly notebook: ISharedNotebook) {}

  /** Make changes, which can be taken back. */
  make(changes: IKeyChange[]): void {
    if (changes.length === 0) {
      return;
    }
    make(this.notebook, changes);
    this.done.push(changes);
    this.done.splice(0, this.done.length - LONGEST);
    this.undone.length = 0;
  }

  get canUndo(): boolean {
    return this.hasTimely(this.done.map(inverse));
  }

  get canRedo(): boolean {
    return this.hasTimely(this.undone);
  }

  /** Take the last change back of which something is left; false when there is none. */
  undo(): boolean {
    return this.move(this.done, this.undone, inverse);
  }

  redo(): boolean {
    return this.move(this.undone, this.done, changes => [...changes]);
  }

  private move(
    from: IKeyChange[][],
    to: IKeyChange[][],
    turned: (entry: IKeyChange[]) => IKeyChange[]
  ): boolean {
    for (let entry = from.pop(); entry; entry = from.pop()) {
      const changes = timely(turned(entry), metadataNow(this.notebook));
      if (changes.length > 0) {
        make(this.notebook, changes);
        to.push(entry);
        return true;
      }
    }
    return false;
  }

  private hasTimely(entries: IKeyChange[][]): boolean {
    const now = entries.length > 0 ? metadataNow(this.notebook) : () => undefined;
    return entries.some(entry => timely(entry, now).length > 0);
  }
}
