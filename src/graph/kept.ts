/**
 * Lists that are made anew whenever anything changes: what says the same as in the list before stays the same object, and the list itself
 * when all of it does, so that it need not be laid out and drawn again.
 */
export class Kept<T> {
  private given: readonly T[] | null = null;
  private kept: readonly T[] = [];
  private byText: ReadonlyMap<string, T> = new Map();

  of(items: readonly T[]): readonly T[] {
    if (items !== this.given) {
      const texts = items.map(item => JSON.stringify(item));
      const next = items.map((item, index) => this.byText.get(texts[index] ?? '') ?? item);
      const same = next.length === this.kept.length && next.every((item, index) => item === this.kept[index]);
      this.given = items;
      this.kept = same ? this.kept : next;
      this.byText = new Map(next.map((item, index) => [texts[index] ?? '', item]));
    }
    return this.kept;
  }
}
