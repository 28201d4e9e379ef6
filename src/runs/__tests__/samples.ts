import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import type * as schema from '../../api/schema';
import type { IStream } from '../../api/stream';

export function summary(change: Partial<schema.RunSummary> = {}): schema.RunSummary {
  return {
    id: 'r1',
    name: 'forecast',
    notebook: 'forecast.ipynb',
    file: '/home/ada/forecast.ipynb',
    target: 'local',
    experiment: null,
    owner: '',
    state: 'running',
    created: 1000,
    started: 1001,
    ended: null,
    given: [],
    parameters: {},
    metrics: {},
    steps: {},
    error: null,
    ...change
  };
}

export function step(name: string, change: Partial<schema.StepRunView> = {}): schema.StepRunView {
  return {
    name,
    position: 0,
    role: 'step',
    cells: ['a', 'b'],
    indices: [3, 5],
    state: 'waiting',
    cached: false,
    attempt: 0,
    started: null,
    ended: null,
    seconds: null,
    peak_memory: null,
    error: null,
    ...change
  };
}

export function detail(change: Partial<schema.RunDetail> = {}): schema.RunDetail {
  return {
    summary: summary(),
    offset: 10,
    steps: [step('load'), step('train')],
    edges: [],
    problems: [],
    earlier_ends: [],
    options: {},
    environment: {},
    ...change
  };
}

export function event(
  offset: number,
  kind: string,
  data: Record<string, unknown> = {},
  of: string | null = null
): schema.RunEvent {
  return { run_id: 'r1', offset, time: 2000 + offset, kind, step: of, data };
}

/** A stream whose messages the test sends. */
export class FakeStream implements IStream {
  readonly followers: { run: string; after: number; listen: (events: readonly schema.RunEvent[]) => void }[] =
    [];
  readonly watchers: ((runs: readonly string[]) => void)[] = [];
  readonly lost = false;
  readonly lostChanged = new Signal<this, void>(this);

  retry(): void {
    throw new Error('nothing is lost');
  }

  follow(run: string, after: number, listen: (events: readonly schema.RunEvent[]) => void): IDisposable {
    return added(this.followers, { run, after, listen });
  }

  watch(listen: (runs: readonly string[]) => void): IDisposable {
    return added(this.watchers, listen);
  }

  tell(...events: schema.RunEvent[]): void {
    this.followers.forEach(follower => follower.listen(events));
  }

  news(...runs: string[]): void {
    this.watchers.forEach(listen => listen(runs));
  }
}

function added<T>(list: T[], item: T): IDisposable {
  list.push(item);
  return new DisposableDelegate(() => void list.splice(list.indexOf(item), 1));
}

/** Let everything that waits for promises go on, and the fake clock with it. */
export async function pass(milliseconds: number): Promise<void> {
  await jest.advanceTimersByTimeAsync(milliseconds);
}
