import type * as schema from '../../api/schema';
import type { LogQuery } from '../../api/client';
import { CHUNK, fromLine, LogModel, LONGEST, MOST } from '../log-model';
import { pass } from './samples';

/** A server with one log. */
class FakeServer {
  bytes = new Uint8Array();
  asked = 0;
  down = false;

  print(text: string): void {
    const added = new TextEncoder().encode(text);
    const all = new Uint8Array(this.bytes.length + added.length);
    all.set(this.bytes);
    all.set(added, this.bytes.length);
    this.bytes = all;
  }

  async log(_: string, { after = 0, limit = CHUNK }: LogQuery): Promise<schema.LogPart> {
    this.asked++;
    if (this.down) {
      throw new Error('down');
    }
    const size = this.bytes.length;
    const start = after >= 0 ? Math.min(after, size) : Math.max(0, size + after);
    const end = Math.min(size, start + limit);
    return { text: new TextDecoder().decode(this.bytes.slice(start, end)), start, next: end, size };
  }
}

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, n) => `line ${from + n} größe ${'.'.repeat(80)}\n`).join('');

describe('LogModel', () => {
  let server: FakeServer;
  let log: LogModel;

  async function open(text: string): Promise<void> {
    server = new FakeServer();
    server.print(text);
    log = new LogModel(server, 'r1', 'train');
    await log.toEnd();
  }

  const first = () => log.lines?.[0]?.split(' ')[1];
  const last = () => log.lines?.at(-1)?.split(' ')[1];

  beforeEach(() => jest.useFakeTimers());

  afterEach(() => {
    log.dispose();
    jest.useRealTimers();
  });

  it('reads a small log whole, and what is added to it', async () => {
    await open('one\ntwo\n');
    expect(log.lines).toEqual(['one', 'two']);
    server.print('three');
    log.grown();
    await pass(500);
    expect(log.lines).toEqual(['one', 'two', 'three']);
  });

  it('asks once for much news', async () => {
    await open('one\n');
    for (let n = 0; n < 100; n++) {
      server.print('x\n');
      log.grown();
    }
    await pass(500);
    expect(server.asked).toBe(2);
    expect(log.lines).toHaveLength(101);
  });

  it('begins with the last lines of a large log, and goes back without a gap', async () => {
    await open(numbered(0, 20_000));
    expect(last()).toBe('19999');
    const from = Number(first());
    expect(from).toBeGreaterThan(15_000);
    const count = log.lines?.length ?? 0;
    await log.earlier();
    const numbers = log.lines?.map(line => Number(line.split(' ')[1])) ?? [];
    expect(numbers.length).toBeGreaterThan(count + 1000);
    expect(numbers.every((number, place) => number === (numbers[0] ?? 0) + place)).toBe(true);
    expect(log.atEnd).toBe(true);
  });

  it('lets go of the end when there is too much, and finds back', async () => {
    await open(numbered(0, 60_000));
    while (log.start > 0) {
      await log.earlier();
    }
    expect(first()).toBe('0');
    expect(log.atEnd).toBe(false);
    expect(log.lines?.join('\n').length).toBeLessThanOrEqual(MOST);
    const end = Number(last());
    await log.later();
    expect(log.lines?.some(line => line.startsWith(`line ${end + 1} `))).toBe(true);
    await log.toEnd();
    expect(last()).toBe('59999');
    expect(log.atEnd).toBe(true);
  });

  it('does not move while one reads elsewhere', async () => {
    await open(numbered(0, 20_000));
    await log.show(0);
    expect(first()).toBe('0');
    server.print('more\n');
    log.grown();
    await pass(500);
    expect(log.lines?.at(-1)).not.toBe('more');
  });

  it('goes to the end of what grows too fast', async () => {
    await open('one\n');
    server.print(numbered(0, 100_000));
    log.grown();
    await pass(500);
    expect(last()).toBe('99999');
    expect(log.start).toBeGreaterThan(CHUNK);
    expect(server.asked).toBe(3);
  });

  it('shows a line of a megabyte in parts', async () => {
    await open(`${'x'.repeat(LONGEST * 3)}\nend\n`);
    expect(log.lines?.map(line => line.length)).toEqual([LONGEST, LONGEST, LONGEST, 3]);
  });

  it('keeps what it has when the server is gone', async () => {
    await open('one\n');
    server.down = true;
    log.grown();
    await pass(500);
    expect(log.error).toBeInstanceOf(Error);
    expect(log.lines).toEqual(['one']);
  });
});

describe('fromLine', () => {
  it('counts bytes, also of a character that was cut in two', () => {
    expect(fromLine('öx\nnext\n', 100)).toEqual(['next\n', 104]);
    expect(fromLine('\ufffdx\nnext\n', 100)).toEqual(['next\n', 103]);
    expect(fromLine('all one line', 100)).toEqual(['all one line', 100]);
  });
});
