import type { Client } from '../api/client';
import { Coalesced } from './coalesced';
import { Observed } from './observed';

/** Bytes that are read at a time. */
export const CHUNK = 256 * 1024;
/** Characters that are kept; what is farther from where one reads is dropped and can be read again. */
export const MOST = 2 * 1024 * 1024;
/** Characters of a line that are shown in one row; the rest follows in rows of its own. */
export const LONGEST = 2000;
const DELAY = 150;

/** A window on a step's log that moves with its end, until one goes elsewhere. Nothing is read before the first call. */
export class LogModel extends Observed {
  /** `step`: empty for the imports and functions cells. */
  constructor(
    private readonly client: Pick<Client, 'log'>,
    readonly run: string,
    readonly step: string
  ) {
    super();
    this.reading = new Coalesced(() => this.readOn(), DELAY);
  }

  /** The lines of the window, long ones in parts; null before the first answer. */
  get lines(): readonly string[] | null {
    this._lines ??= this.text === null ? null : rows(this.text);
    return this._lines;
  }

  /** Bytes before the window. */
  get start(): number {
    return this._start;
  }

  /** Bytes of the log that are known of. */
  get size(): number {
    return this._size;
  }

  /** Whether the window ends where the log does, and moves with it. */
  get atEnd(): boolean {
    return this.following;
  }

  /** How often the window was moved to a line, which is then its first. */
  get jumps(): number {
    return this._jumps;
  }

  override dispose(): void {
    this.reading.dispose();
    super.dispose();
  }

  /** The log has grown. */
  grown(): void {
    if (this.following) {
      this.reading.ask();
    }
  }

  /** Move the window to the end of the log. */
  async toEnd(): Promise<void> {
    await this.attempt(() => this.readTail());
  }

  /** Move the window to where a line begins. */
  async show(offset: number): Promise<void> {
    await this.attempt(async () => {
      const part = await this.part(offset, CHUNK);
      this.place(part.text, part.start, part.next, part.size);
      this.following = part.next >= part.size;
      this._jumps++;
    });
  }

  /** Add what is before the window. */
  async earlier(): Promise<void> {
    await this.attempt(async () => {
      const from = Math.max(0, this._start - CHUNK);
      const part = await this.part(from, this._start - from);
      const [text, start] = from > 0 ? fromLine(part.text, part.start) : [part.text, part.start];
      const all = text + (this.text ?? '');
      const kept = all.length > MOST ? all.slice(0, all.lastIndexOf('\n', MOST) + 1 || MOST) : all;
      if (kept.length < all.length) {
        this.following = false;
        this.next -= encoded(all.slice(kept.length));
      }
      this.place(kept, start, this.next, part.size);
    });
  }

  /** Add what is behind the window. */
  async later(): Promise<void> {
    await this.attempt(async () => {
      const part = await this.part(this.next, CHUNK);
      this.append(part.text, part.next, part.size);
      this.following = part.next >= part.size;
    });
  }

  private async readOn(): Promise<void> {
    await this.attempt(async () => {
      if (this.text === null) {
        return this.readTail();
      }
      let behind = true;
      while (behind && this.following && !this.isDisposed) {
        const part = await this.part(this.next, CHUNK);
        if (part.size - part.next > 4 * CHUNK) {
          return this.readTail(); // it grows faster than anybody reads
        }
        behind = part.next < part.size && part.next > this.next;
        this.append(part.text, part.next, part.size);
      }
    });
  }

  private async readTail(): Promise<void> {
    const part = await this.part(-CHUNK, CHUNK);
    const [text, start] = part.start > 0 ? fromLine(part.text, part.start) : [part.text, part.start];
    this.place(text, start, part.next, part.size);
    this.following = true;
  }

  private part(after: number, limit: number) {
    return this.client.log(this.run, { step: this.step, after, limit: Math.max(1, limit) });
  }

  private append(text: string, next: number, size: number): void {
    let all = (this.text ?? '') + text;
    let start = this._start;
    if (all.length > MOST) {
      const [kept, from] = fromLine(
        all.slice(all.length - MOST),
        start + encoded(all.slice(0, all.length - MOST))
      );
      all = kept;
      start = from;
    }
    this.place(all, start, next, size);
  }

  private place(text: string, start: number, next: number, size: number): void {
    this.text = text;
    this._lines = null;
    this._start = start;
    this.next = next;
    this._size = size;
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this._error = null;
    } catch (error) {
      this._error = error;
    }
    this.tell();
  }

  private text: string | null = null;
  private _lines: readonly string[] | null = null;
  private _start = 0;
  private next = 0;
  private _size = 0;
  private following = true;
  private _jumps = 0;
  private readonly reading: Coalesced;
}

/** The text from its first whole line on, and the offset of that in bytes. A text that is all one line stays whole. */
export function fromLine(text: string, start: number): [string, number] {
  const end = text.indexOf('\n') + 1;
  if (end === 0 || end === text.length) {
    return [text, start];
  }
  // What was left of a character that was cut in two came as one such sign for each of its bytes.
  const cut = /^\ufffd{0,3}/.exec(text)?.[0].length ?? 0;
  return [text.slice(end), start + cut + encoded(text.slice(cut, end))];
}

/** Bytes of UTF-8. */
function encoded(text: string): number {
  return new TextEncoder().encode(text).length;
}

function rows(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') {
    lines.pop();
  }
  if (text.length < LONGEST) {
    return lines;
  }
  return lines.flatMap(line => (line.length <= LONGEST ? [line] : parts(line)));
}

function parts(line: string): string[] {
  const found = [];
  for (let at = 0; at < line.length; at += LONGEST) {
    found.push(line.slice(at, at + LONGEST));
  }
  return found;
}
