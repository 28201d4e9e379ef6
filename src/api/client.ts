import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

/** Milliseconds after which a request is given up. */
export const TIMEOUT = 15_000;

/**
 * Why a request failed.
 *
 * - `absent`: the server answers, but has no such route: the server extension is not enabled or is older than this page
 * - `forbidden`: signed out, or not allowed
 * - `unreachable`: no answer at all
 * - `timeout`: no answer in time
 * - `failed`: the server answered with an error
 */
export type Failure = 'absent' | 'forbidden' | 'unreachable' | 'timeout' | 'failed';

/** A request that gave no result. `message` is the server's own, where it sent one. */
export class RequestError extends Error {
  constructor(
    readonly failure: Failure,
    message: string
  ) {
    super(message);
    this.name = 'RequestError';
  }
}

/** Facts about the server extension and what it runs on: `GET kfjlab/about`. */
export interface IAbout {
  version: string;
  python: string;
  implementation: string;
  executable: string;
  platform: string;
  jupyter_server: string;
  default_kernel: string;
  kernels: IKernel[];
}

export interface IKernel {
  name: string;
  display_name: string;
  language: string;
}

/** The server extension's HTTP interface. Every call rejects with a {@link RequestError}. */
export class Client {
  constructor(
    private readonly settings: ServerConnection.ISettings,
    private readonly timeout = TIMEOUT
  ) {}

  about(): Promise<IAbout> {
    return this.request<IAbout>('about');
  }

  private async request<T>(path: string, init: RequestInit = {}): Promise<T> {
    const url = URLExt.join(this.settings.baseUrl, 'kfjlab', path);
    const controller = new AbortController();
    // Runs on until the body has been read: a server may answer and then stall.
    const timer = setTimeout(() => controller.abort(), this.timeout);
    try {
      const response = await ServerConnection.makeRequest(
        url,
        { ...init, signal: controller.signal },
        this.settings
      );
      if (!response.ok) {
        throw new RequestError(failureOf(response.status), await messageOf(response));
      }
      return (await response.json()) as T;
    } catch (error) {
      if (error instanceof RequestError) {
        throw error;
      }
      if (controller.signal.aborted) {
        throw new RequestError('timeout', `No answer within ${this.timeout / 1000} s.`);
      }
      if (error instanceof ServerConnection.NetworkError) {
        throw new RequestError('unreachable', error.message);
      }
      throw new RequestError('failed', error instanceof Error ? error.message : String(error));
    } finally {
      clearTimeout(timer);
    }
  }
}

function failureOf(status: number): Failure {
  switch (status) {
    case 404:
      return 'absent';
    case 401:
    case 403:
      return 'forbidden';
    default:
      return 'failed';
  }
}

/** The `message` that Jupyter Server puts into the JSON of an error, or the status line. */
async function messageOf(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const body: unknown = JSON.parse(text);
    if (body && typeof body === 'object' && 'message' in body && typeof body.message === 'string') {
      return body.message || `${response.status} ${response.statusText}`;
    }
  } catch {
    // Not JSON: an HTML page of the server or of a proxy, of no use in a message.
  }
  return `${response.status} ${response.statusText}`;
}
