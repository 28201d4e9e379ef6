import { RequestError } from '../../api/client';
import type * as schema from '../../api/schema';
import type { RunQuery } from '../../api/client';
import { ListModel, newestOver, PAGE } from '../list-model';
import { detail, FakeStream, pass, summary } from './samples';

/** A server with runs r1 … rN, newest first rN. */
class FakeServer {
  constructor(count: number) {
    for (let n = 1; n <= count; n++) {
      this.add(`r${n}`);
    }
  }

  readonly queries: RunQuery[] = [];
  readonly all: schema.RunSummary[] = [];
  down = false;

  add(id: string, change: Partial<schema.RunSummary> = {}): void {
    this.all.unshift(summary({ id, ...change }));
  }

  set(id: string, change: Partial<schema.RunSummary>): void {
    const place = this.all.findIndex(run => run.id === id);
    this.all[place] = { ...(this.all[place] ?? summary()), ...change };
  }

  async runs(query: RunQuery = {}): Promise<schema.RunPage> {
    this.queries.push(query);
    if (this.down) {
      throw new RequestError('unreachable', 'down');
    }
    const states = query.state ?? [];
    const fitting = this.all.filter(run => states.length === 0 || states.includes(run.state));
    const from = query.before ? fitting.findIndex(run => run.id === query.before) + 1 : 0;
    const runs = fitting.slice(from, from + (query.limit ?? 50));
    const next = runs.length === query.limit ? (runs.at(-1)?.id ?? null) : null;
    return { runs, total: fitting.length, next };
  }

  async run(id: string): Promise<schema.RunDetail> {
    const found = this.all.find(run => run.id === id);
    if (!found) {
      throw new RequestError('missing', 'no such run');
    }
    return detail({ summary: found });
  }
}

describe('ListModel', () => {
  let server: FakeServer;
  let stream: FakeStream;
  let model: ListModel;

  const ids = () => model.runs?.map(run => run.id);

  async function start(count: number): Promise<void> {
    server = new FakeServer(count);
    stream = new FakeStream();
    model = new ListModel(server, stream);
    await pass(0);
  }

  beforeEach(() => jest.useFakeTimers());

  afterEach(() => {
    model.dispose();
    jest.useRealTimers();
  });

  it('reads page by page, each run once', async () => {
    await start(2 * PAGE + 5);
    expect(model.runs).toHaveLength(PAGE);
    await model.loadMore();
    server.add('new');
    await model.loadMore();
    expect(model.more).toBe(false);
    expect(new Set(ids()).size).toBe(model.runs?.length);
    expect(model.runs).toHaveLength(2 * PAGE + 5);
    await model.loadMore();
    expect(server.queries).toHaveLength(3);
  });

  it('shows a new run without losing the older ones that were read', async () => {
    await start(3 * PAGE);
    await model.loadMore();
    server.add('new');
    stream.news('new');
    await pass(1000);
    expect(ids()?.[0]).toBe('new');
    expect(model.runs).toHaveLength(2 * PAGE + 1);
    expect(model.total).toBe(3 * PAGE + 1);
    await model.loadMore();
    expect(model.runs).toHaveLength(3 * PAGE + 1);
  });

  it('asks for a run that has changed, not for the list', async () => {
    await start(3);
    server.set('r2', { state: 'succeeded' });
    stream.news('r2');
    await pass(1000);
    expect(server.queries).toHaveLength(1);
    expect(model.runs?.[1]).toMatchObject({ id: 'r2', state: 'succeeded' });
  });

  it('drops runs that are gone', async () => {
    await start(3);
    model.toggle('r2');
    server.all.splice(1, 1);
    stream.news('r2');
    await pass(1000);
    expect(ids()).toEqual(['r3', 'r1']);
    expect(model.total).toBe(2);
    expect(model.selected.size).toBe(0);
  });

  it('drops runs that fit the filter no longer', async () => {
    await start(3);
    model.setFilter({ states: ['running'] });
    await pass(0);
    server.set('r2', { state: 'failed' });
    stream.news('r2');
    await pass(1000);
    expect(ids()).toEqual(['r3', 'r1']);
  });

  it('asks once for what is typed', async () => {
    await start(1);
    for (const text of ['f', 'fo', 'for']) {
      model.setFilter({ text });
      await pass(50);
    }
    await pass(1000);
    expect(server.queries.map(query => query.text)).toEqual(['', 'for']);
  });

  it('takes no answer to an older filter', async () => {
    await start(3);
    server.set('r1', { state: 'failed' });
    model.setFilter({ states: ['succeeded'] });
    model.setFilter({ states: ['failed'] });
    await pass(1000);
    expect(ids()).toEqual(['r1']);
  });

  it('keeps the runs when the server is down, and says so', async () => {
    await start(2);
    server.down = true;
    model.refresh();
    await pass(0);
    expect(model.error).toMatchObject({ failure: 'unreachable' });
    expect(model.runs).toHaveLength(2);
    server.down = false;
    stream.news(); // the connection is back
    await pass(1000);
    expect(model.error).toBeNull();
  });
});

describe('newestOver', () => {
  const runs = ['r5', 'r4', 'r3', 'r2', 'r1'].map(id => summary({ id }));

  it('reads nothing into a page that is all there is', () => {
    expect(newestOver(runs, { runs: runs.slice(0, 1), next: null })).toHaveLength(1);
  });

  it('does not leave a gap when all of the page is new', () => {
    const page = [summary({ id: 'r9' }), summary({ id: 'r8' })];
    expect(newestOver(runs, { runs: page, next: 'r8' })).toEqual(page);
  });
});
