/** How many notebooks are remembered. */
const MOST = 200;

type Store = Pick<Storage, 'getItem' | 'setItem'>;

/** Which run of each notebook was started last in this browser; also after the page was loaded again. */
export class Latest {
  /** `server`: tells Jupyter servers apart whose pages share a browser's storage. */
  constructor(
    server: string,
    private readonly store: Store = window.localStorage
  ) {
    this.key = `kfjlab:latest:${server}`;
    this.runs = new Map(this.read());
  }

  get(notebook: string): string | undefined {
    return this.runs.get(notebook);
  }

  set(notebook: string, run: string): void {
    this.runs.delete(notebook);
    this.runs.set(notebook, run);
    while (this.runs.size > MOST) {
      this.runs.delete(this.runs.keys().next().value ?? '');
    }
    try {
      this.store.setItem(this.key, JSON.stringify([...this.runs]));
    } catch (error) {
      // A browser that stores nothing, or is full: it is remembered until the page is closed.
      console.warn('kfjlab: the last run of a notebook is not remembered.', error);
    }
  }

  private read(): [string, string][] {
    try {
      const found: unknown = JSON.parse(this.store.getItem(this.key) ?? '[]');
      return Array.isArray(found) ? found.filter(isPair) : [];
    } catch {
      return []; // written by somebody else, or not readable at all
    }
  }

  private readonly key: string;
  private readonly runs: Map<string, string>;
}

function isPair(entry: unknown): entry is [string, string] {
  return Array.isArray(entry) && entry.length === 2 && entry.every(part => typeof part === 'string');
}
