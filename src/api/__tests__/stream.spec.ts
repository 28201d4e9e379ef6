import { ServerConnection } from '@jupyterlab/services';
import type { ClientMessage, RunEvent, ServerMessage } from '../schema';
import { FIRST_DELAY, LONGEST_DELAY, STEADY, Stream } from '../stream';

/** A connection whose server is the test. */
class FakeSocket {
  static made: FakeSocket[] = [];
  static get last(): FakeSocket {
    const last = FakeSocket.made[FakeSocket.made.length - 1];
    if (last === undefined) {
      throw new Error('nobody has connected');
    }
    return last;
  }

  constructor(readonly url: string) {
    FakeSocket.made.push(this);
  }

  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  readonly sent: ClientMessage[] = [];
  closed = false;

  send(text: string): void {
    this.sent.push(JSON.parse(text) as ClientMessage);
  }

  close(): void {
    this.closed = true;
  }

  /** The server's part. */
  accept(): void {
    this.onopen?.();
  }
  tell(message: ServerMessage): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  events(run: string, first: number, last: number): void {
    const events = Array.from({ length: last - first + 1 }, (_, i) => event(run, first + i));
    this.tell({ type: 'events', run, events, over: false });
  }
  fail(): void {
    this.onclose?.();
  }
}

function event(run: string, offset: number): RunEvent {
  return { run_id: run, offset, time: 0, kind: 'cell', step: null, data: {} };
}

let stream: Stream;

function listener(): { offsets: number[]; listen: (events: readonly RunEvent[]) => void } {
  const offsets: number[] = [];
  return { offsets, listen: events => offsets.push(...events.map(e => e.offset)) };
}

beforeEach(() => {
  jest.useFakeTimers();
  FakeSocket.made = [];
  stream = new Stream(
    ServerConnection.makeSettings({
      baseUrl: 'http://localhost/user/ada/',
      wsUrl: 'ws://localhost/user/ada/',
      token: 's3/cret',
      appendToken: true,
      WebSocket: FakeSocket as unknown as typeof WebSocket
    })
  );
});

afterEach(() => {
  stream.dispose();
  jest.useRealTimers();
  jest.restoreAllMocks();
});

describe('Stream', () => {
  it('is lost when no connection can be made, not when one breaks', () => {
    const said: boolean[] = [];
    stream.lostChanged.connect(() => said.push(stream.lost));
    stream.watch(() => undefined);
    FakeSocket.last.accept();
    FakeSocket.last.fail();
    expect(stream.lost).toBe(false);
    jest.advanceTimersByTime(FIRST_DELAY);
    FakeSocket.last.fail();
    stream.retry();
    FakeSocket.last.fail();
    expect(said).toEqual([true]);
    const { length } = FakeSocket.made;
    stream.retry();
    expect(FakeSocket.made).toHaveLength(length + 1);
    stream.retry(); // that is under way
    expect(FakeSocket.made).toHaveLength(length + 1);
    FakeSocket.last.accept();
    expect(said).toEqual([true, false]);
  });

  it('connects when somebody listens, below the base URL and with the token', () => {
    expect(FakeSocket.made).toHaveLength(0);
    stream.watch(() => undefined);
    stream.follow('a', 0, () => undefined);
    expect(FakeSocket.made.map(socket => socket.url)).toEqual([
      'ws://localhost/user/ada/kfjlab/stream?token=s3%2Fcret'
    ]);
  });

  it('says what is wanted as soon as it can, and what is not wanted any more', () => {
    const watching = stream.watch(() => undefined);
    const following = stream.follow('a', 7, () => undefined);
    stream.follow('dropped before', 0, () => undefined).dispose();
    expect(FakeSocket.last.sent).toEqual([]);
    FakeSocket.last.accept();
    expect(FakeSocket.last.sent).toEqual([{ type: 'follow', run: 'a', after: 7 }, { type: 'watch' }]);
    watching.dispose();
    following.dispose();
    following.dispose();
    expect(FakeSocket.last.sent.slice(2)).toEqual([{ type: 'unwatch' }, { type: 'unfollow', run: 'a' }]);
  });

  it('gives the events of a run to all who follow it, to each from where he wants', () => {
    const [one, two] = [listener(), listener()];
    stream.follow('a', 0, one.listen);
    FakeSocket.last.accept();
    FakeSocket.last.events('a', 1, 3);
    FakeSocket.last.events('b', 1, 3);
    stream.follow('a', 3, two.listen);
    FakeSocket.last.events('a', 4, 5);
    expect(one.offsets).toEqual([1, 2, 3, 4, 5]);
    expect(two.offsets).toEqual([4, 5]);
    expect(FakeSocket.last.sent).toHaveLength(1);
  });

  it('asks again for what somebody wants who came later, and gives nothing twice or out of order', () => {
    const [one, late] = [listener(), listener()];
    stream.follow('a', 0, one.listen);
    FakeSocket.last.accept();
    FakeSocket.last.events('a', 1, 4);
    stream.follow('a', 2, late.listen);
    expect(FakeSocket.last.sent[1]).toEqual({ type: 'follow', run: 'a', after: 2 });
    FakeSocket.last.events('a', 5, 5); // was on its way already
    expect([one.offsets, late.offsets]).toEqual([[1, 2, 3, 4, 5], []]);
    FakeSocket.last.events('a', 3, 6);
    expect([one.offsets, late.offsets]).toEqual([
      [1, 2, 3, 4, 5, 6],
      [3, 4, 5, 6]
    ]);
  });

  it('goes on from the last event that was seen when the connection was lost', () => {
    const one = listener();
    const told: (readonly string[])[] = [];
    stream.follow('a', 0, one.listen);
    stream.watch(runs => told.push(runs));
    FakeSocket.last.accept();
    FakeSocket.last.events('a', 1, 3);
    FakeSocket.last.fail();
    jest.advanceTimersByTime(FIRST_DELAY);
    expect(FakeSocket.made).toHaveLength(2);
    FakeSocket.last.accept();
    expect(FakeSocket.last.sent).toEqual([{ type: 'follow', run: 'a', after: 3 }, { type: 'watch' }]);
    FakeSocket.last.tell({ type: 'runs', runs: [] });
    FakeSocket.last.events('a', 4, 4);
    expect(one.offsets).toEqual([1, 2, 3, 4]);
    expect(told).toEqual([[]]);
  });

  it('waits longer from one vain attempt to the next, each a little differently, and not for ever', () => {
    const random = jest.spyOn(Math, 'random');
    const waited: number[] = [];
    stream.watch(() => undefined);
    for (let i = 0; i < 12; i++) {
      random.mockReturnValue(i % 2 ? 1 : 0);
      const before = Date.now();
      const count = FakeSocket.made.length;
      FakeSocket.last.fail();
      while (FakeSocket.made.length === count) {
        jest.advanceTimersToNextTimer();
      }
      waited.push(Date.now() - before);
    }
    expect(waited.slice(0, 4)).toEqual([125, 500, 500, 2000]);
    expect(Math.max(...waited)).toBe(LONGEST_DELAY);
  });

  it('begins with short waits again after a connection that worked, not after one that was cut at once', () => {
    jest.spyOn(Math, 'random').mockReturnValue(1);
    stream.watch(() => undefined);
    const reconnected = (after: number) => {
      FakeSocket.last.accept();
      jest.advanceTimersByTime(after);
      const count = FakeSocket.made.length;
      const before = Date.now();
      FakeSocket.last.fail();
      while (FakeSocket.made.length === count) {
        jest.advanceTimersToNextTimer();
      }
      return Date.now() - before;
    };
    expect([reconnected(0), reconnected(0), reconnected(0)]).toEqual([250, 500, 1000]);
    expect(reconnected(STEADY)).toBe(250);
  });

  it('connects again though the page is hidden, and at once when there is a network again', () => {
    stream.watch(() => undefined);
    FakeSocket.last.fail();
    const hidden = jest.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden');
    jest.advanceTimersByTime(FIRST_DELAY);
    expect(FakeSocket.made).toHaveLength(2);
    FakeSocket.last.fail();
    hidden.mockReturnValue('visible');
    window.dispatchEvent(new Event('online'));
    expect(FakeSocket.made).toHaveLength(3);
    jest.advanceTimersByTime(LONGEST_DELAY);
    expect(FakeSocket.made).toHaveLength(3);
  });

  it('does not connect again when nobody listens', () => {
    stream.watch(() => undefined).dispose();
    FakeSocket.last.fail();
    jest.advanceTimersByTime(LONGEST_DELAY);
    expect(FakeSocket.made).toHaveLength(1);
    stream.watch(() => undefined);
    expect(FakeSocket.made).toHaveLength(2);
  });

  it('forgets a run that is gone', () => {
    const following = stream.follow('a', 0, () => undefined);
    FakeSocket.last.accept();
    FakeSocket.last.tell({ type: 'gone', run: 'a' });
    following.dispose();
    expect(FakeSocket.last.sent).toHaveLength(1);
  });

  it('lets no listener hold up the others', () => {
    const error = jest.spyOn(console, 'error').mockImplementation();
    const one = listener();
    stream.follow('a', 0, () => {
      throw new Error('broken');
    });
    stream.follow('a', 0, one.listen);
    FakeSocket.last.accept();
    FakeSocket.last.events('a', 1, 1);
    expect(one.offsets).toEqual([1]);
    expect(error).toHaveBeenCalled();
  });

  it('reports what the server complains of', () => {
    const warn = jest.spyOn(console, 'warn').mockImplementation();
    stream.watch(() => undefined);
    FakeSocket.last.tell({
      type: 'failure',
      failure: { message: 'The disk is full.', fix: 'Make room.', problems: [] }
    });
    expect(warn).toHaveBeenCalledWith('kfjlab: The disk is full. Make room.');
  });

  it('is silent after its end', () => {
    const one = listener();
    stream.follow('a', 0, one.listen);
    FakeSocket.last.accept();
    const socket = FakeSocket.last;
    stream.dispose();
    stream.dispose();
    socket.events('a', 1, 1);
    socket.fail();
    jest.advanceTimersByTime(LONGEST_DELAY);
    expect([one.offsets, socket.closed, FakeSocket.made.length]).toEqual([[], true, 1]);
    expect(stream.isDisposed).toBe(true);
  });
});
