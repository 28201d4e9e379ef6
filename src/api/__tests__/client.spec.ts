import { ServerConnection } from '@jupyterlab/services';
import { Client, RequestError } from '../client';

const ABOUT = {
  version: '1.2.3',
  python: '3.12.1',
  implementation: 'CPython',
  executable: '/opt/python',
  platform: 'Linux',
  jupyter_server: '2.14.0',
  default_kernel: 'python3',
  kernels: []
};

/** A client whose server answers with what `respond` gives. */
function client(respond: (url: string, signal: AbortSignal) => Promise<Partial<Response>>, timeout?: number) {
  const settings = ServerConnection.makeSettings({
    baseUrl: 'http://localhost/user/ada/',
    token: 's3cret',
    fetch: ((request: Request) => respond(request.url, request.signal)) as typeof fetch
  });
  return new Client(settings, timeout);
}

function answer(status: number, body: string): Promise<Partial<Response>> {
  return Promise.resolve({
    status,
    statusText: 'Because',
    ok: status < 300,
    headers: new Headers(),
    text: () => Promise.resolve(body),
    json: () => Promise.resolve(JSON.parse(body) as unknown)
  });
}

async function failure(attempt: Promise<unknown>): Promise<RequestError> {
  const error: unknown = await attempt.then(
    () => undefined,
    (reason: unknown) => reason
  );
  expect(error).toBeInstanceOf(RequestError);
  return error as RequestError;
}

describe('Client', () => {
  it('tells what is missing from a route that is, and gives the remedy', async () => {
    const body = { message: 'There is no run.', fix: 'List them.', problems: [] };
    const found = await failure(client(() => answer(404, JSON.stringify(body))).run('x/y'));
    expect([found.failure, found.message, found.fix]).toEqual(['missing', 'There is no run.', 'List them.']);
  });

  it('encodes what goes into an address', async () => {
    const urls: string[] = [];
    await client(url => {
      urls.push(url);
      return answer(200, '{}');
    }).log('a/b', { step: 'x&y', after: 0 });
    // To the end: JupyterLab would add a number that no route knows.
    expect(urls[0]).toMatch(/\/kfjlab\/runs\/a%2Fb\/log\?step=x%26y&after=0$/);
  });

  it('asks below the base URL of the server', async () => {
    const urls: string[] = [];
    const about = await client(url => {
      urls.push(url);
      return answer(200, JSON.stringify(ABOUT));
    }).about();
    expect(about).toEqual(ABOUT);
    expect(urls).toHaveLength(1);
    expect(urls[0]).toMatch(/^http:\/\/localhost\/user\/ada\/kfjlab\/about(\?|$)/);
  });

  it.each([
    [404, 'absent'],
    [401, 'forbidden'],
    [403, 'forbidden'],
    [400, 'failed'],
    [502, 'failed']
  ])('tells a %i as %s', async (status, expected) => {
    const error = await failure(client(() => answer(status, '{"message": "so it is"}')).about());
    expect([error.failure, error.message]).toEqual([expected, 'so it is']);
  });

  it.each(['<h1>Bad gateway</h1>', '{"message": ""}', '[]', 'null'])(
    'gives the status line when an error says nothing of use: %s',
    async body => {
      const error = await failure(client(() => answer(502, body)).about());
      expect(error.message).toBe('502 Because');
    }
  );

  it('tells no answer at all as unreachable', async () => {
    const error = await failure(client(() => Promise.reject(new TypeError('Failed to fetch'))).about());
    expect(error.failure).toBe('unreachable');
  });

  it('tells what our own server does not allow, with the reason, and that it has', async () => {
    const body = { message: 'Deleting is off.', fix: 'Ask the team.', problems: [] };
    const ours = client(() => answer(403, JSON.stringify(body)));
    const denied = jest.fn();
    ours.denied.connect(denied);
    const { failure: found, message, fix } = await failure(ours.delete('x'));
    expect([found, message, fix]).toEqual(['refused', 'Deleting is off.', 'Ask the team.']);
    expect(denied).toHaveBeenCalledTimes(1);
  });

  it('tells an answer that is no JSON as failed', async () => {
    const error = await failure(client(() => answer(200, '<html>')).about());
    expect(error.failure).toBe('failed');
  });

  it('gives up on a server that does not answer', async () => {
    const hang = (_: string, signal: AbortSignal) =>
      new Promise<never>((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new DOMException('Aborted', 'AbortError')));
      });
    const error = await failure(client(hang, 20).about());
    expect(error.failure).toBe('timeout');
  });

  it('gives up on a server that answers and then stalls', async () => {
    const stall = async (_: string, signal: AbortSignal) => ({
      ...(await answer(200, '{}')),
      json: () =>
        new Promise<never>((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new DOMException('Aborted', 'AbortError')));
        })
    });
    const error = await failure(client(stall, 20).about());
    expect(error.failure).toBe('timeout');
  });
});
