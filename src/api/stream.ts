import { URLExt } from '@jupyterlab/coreutils';
import type { ServerConnection } from '@jupyterlab/services';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { ClientMessage, RunEvent, ServerMessage } from './schema';

/** The one event stream of the server. Lost connections come back by themselves, from the last event that was seen. */
export interface IStream {
  /** Give `listen` every event of a run behind `after`, in order, each once, until disposed of. */
  follow(run: string, after: number, listen: FollowListener): IDisposable;
  /**
   * Call `listen` with the ids of runs that were started, have changed their state or are gone. An empty list: any may
   * have, because the connection is new.
   */
  watch(listen: WatchListener): IDisposable;
  /** Whether there is no connection, and none could be made: what is shown may be out of date. */
  readonly lost: boolean;
  readonly lostChanged: ISignal<IStream, void>;
  /** Try to connect now rather than a while later. */
  retry(): void;
}

export type FollowListener = (events: readonly RunEvent[]) => void;
export type WatchListener = (runs: readonly string[]) => void;

/** Milliseconds before the first attempt to connect again; doubled for each further one. */
export const FIRST_DELAY = 250;
export const LONGEST_DELAY = 30_000;
/** Milliseconds after which a connection counts as one that works. */
export const STEADY = 5_000;

/** Somebody who follows a run. `seen`: the offset of the last event that he was given. */
interface IFollower {
  seen: number;
  readonly listen: FollowListener;
}

/** A run that is followed. `received`: the offset up to which the server has sent its events over this connection. */
interface IFollowed {
  received: number;
  readonly followers: Set<IFollower>;
}

/** Connects when somebody first listens. */
export class Stream implements IStream, IDisposable {
  constructor(private readonly settings: ServerConnection.ISettings) {
    window.addEventListener('online', this.hurry);
    document.addEventListener('visibilitychange', this.hurry);
  }

  get isDisposed(): boolean {
    return this.disposed;
  }

  get lost(): boolean {
    return this._lost;
  }

  get lostChanged(): ISignal<this, void> {
    return this._lostChanged;
  }

  retry(): void {
    if (this.timer !== undefined) {
      this.connect();
    }
  }

  follow(run: string, after: number, listen: FollowListener): IDisposable {
    const follower: IFollower = { seen: after, listen };
    const followed = this.runs.get(run);
    if (followed === undefined) {
      this.runs.set(run, { received: after, followers: new Set([follower]) });
      this.say({ type: 'follow', run, after });
    } else {
      followed.followers.add(follower);
      if (after < followed.received) {
        // Again from there, for all: each follower takes only what comes next for him.
        followed.received = after;
        this.say({ type: 'follow', run, after });
      }
    }
    return new DisposableDelegate(() => {
      const current = this.runs.get(run);
      if (current?.followers.delete(follower) && current.followers.size === 0) {
        this.runs.delete(run);
        this.say({ type: 'unfollow', run });
      }
    });
  }

  watch(listen: WatchListener): IDisposable {
    // One object for each call, since the same function may be given twice.
    const watcher = { listen };
    this.watchers.add(watcher);
    if (this.watchers.size === 1) {
      this.say({ type: 'watch' });
    }
    return new DisposableDelegate(() => {
      if (this.watchers.delete(watcher) && this.watchers.size === 0) {
        this.say({ type: 'unwatch' });
      }
    });
  }

  dispose(): void {
    if (this.disposed) {
      return;
    }
    this.disposed = true;
    window.removeEventListener('online', this.hurry);
    document.removeEventListener('visibilitychange', this.hurry);
    clearTimeout(this.timer);
    this.runs.clear();
    this.watchers.clear();
    this.drop()?.close();
    Signal.clearData(this);
  }

  /** Send a message; when there is no connection, {@link greet} says the same as soon as there is one. */
  private say(message: ClientMessage): void {
    if (this.socket === null) {
      this.connect();
    } else if (this.open) {
      this.socket.send(JSON.stringify(message));
    }
  }

  /** Connect, unless that is under way, or nobody listens. */
  private connect(): void {
    if (this.disposed || this.socket !== null || (this.runs.size === 0 && this.watchers.size === 0)) {
      return;
    }
    clearTimeout(this.timer);
    this.timer = undefined;
    const { appendToken, token, wsUrl } = this.settings;
    const query = appendToken && token !== '' ? `?token=${encodeURIComponent(token)}` : '';
    const socket = new this.settings.WebSocket(URLExt.join(wsUrl, 'kfjlab/stream') + query);
    this.socket = socket;
    socket.onopen = () => this.greet();
    socket.onmessage = (event: MessageEvent<string>) => this.hear(JSON.parse(event.data) as ServerMessage);
    socket.onclose = () => this.closed();
  }

  /** Tell the server everything that is wanted of it. */
  private greet(): void {
    this.open = true;
    this.since = Date.now();
    this.setLost(false);
    for (const [run, followed] of this.runs) {
      const after = Math.min(...[...followed.followers].map(follower => follower.seen));
      followed.received = after;
      this.say({ type: 'follow', run, after });
    }
    if (this.watchers.size > 0) {
      this.say({ type: 'watch' });
    }
  }

  private closed(): void {
    if (!this.open) {
      this.setLost(true); // one that breaks is made anew before anybody is told
    } else if (Date.now() - this.since >= STEADY) {
      this.attempts = 0;
    }
    this.drop();
    const delay = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** this.attempts);
    this.attempts += 1;
    // Not all pages at once, when a server comes back.
    this.timer = setTimeout(() => this.connect(), delay * (0.5 + Math.random() / 2));
  }

  /** Forget the connection; give it back, deaf. */
  private drop(): WebSocket | null {
    const socket = this.socket;
    if (socket !== null) {
      socket.onopen = socket.onmessage = socket.onclose = null;
    }
    this.socket = null;
    this.open = false;
    return socket;
  }

  /** Do not wait any longer, now that there is a network again, or somebody looks. */
  private readonly hurry = () => {
    if (document.visibilityState === 'visible') {
      this.retry();
    }
  };

  private setLost(lost: boolean): void {
    if (lost !== this._lost) {
      this._lost = lost;
      this._lostChanged.emit();
    }
  }

  private hear(message: ServerMessage): void {
    switch (message.type) {
      case 'events':
        this.give(message.run, message.events);
        break;
      case 'gone':
        this.runs.delete(message.run);
        break;
      case 'runs':
        for (const { listen } of [...this.watchers]) {
          call(() => listen(message.runs));
        }
        break;
      case 'failure':
        console.warn(`kfjlab: ${message.failure.message} ${message.failure.fix}`);
    }
  }

  private give(run: string, events: readonly RunEvent[]): void {
    const followed = this.runs.get(run);
    const last = events[events.length - 1];
    if (followed === undefined || last === undefined) {
      return;
    }
    for (const follower of [...followed.followers]) {
      // Offsets grow by one. What does not come next was on its way when somebody asked for events from earlier on: it
      // comes again.
      const next = events.findIndex(event => event.offset === follower.seen + 1);
      if (next >= 0) {
        follower.seen = last.offset;
        call(() => follower.listen(events.slice(next)));
      }
    }
    if (events[0]?.offset === followed.received + 1) {
      followed.received = last.offset;
    }
  }

  private readonly runs = new Map<string, IFollowed>();
  private readonly watchers = new Set<{ readonly listen: WatchListener }>();
  private socket: WebSocket | null = null;
  private open = false;
  private since = 0;
  private attempts = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private disposed = false;
  private _lost = false;
  private readonly _lostChanged = new Signal<this, void>(this);
}

/** Call somebody who must not hold up the others by an error. */
function call(listen: () => void): void {
  try {
    listen();
  } catch (error) {
    console.error('kfjlab: a listener failed', error);
  }
}
