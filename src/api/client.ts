import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { type ISignal, Signal } from '@lumino/signaling';

import type * as schema from './schema';

/** Milliseconds after which a request is given up. */
export const TIMEOUT = 15_000;

/**
 * Why a request failed.
 *
 * - `absent`: the server answers, but has no such route: the server extension is not enabled or is older than this page
 * - `missing`: there is no such run, step, …
 * - `refused`: what was asked for cannot be done as things are, or as the administrator wants them; `problems` may say why
 * - `forbidden`: signed out, or no access to the server
 * - `unreachable`: no answer at all
 * - `timeout`: no answer in time
 * - `failed`: the server answered with an error
 */
export type Failure = 'absent' | 'missing' | 'refused' | 'forbidden' | 'unreachable' | 'timeout' | 'failed';

/** A request that gave no result. `message`, `fix` and `problems` are the server's own, where it sent them. */
export class RequestError extends Error {
  constructor(
    readonly failure: Failure,
    message: string,
    readonly fix = '',
    readonly problems: readonly schema.Problem[] = []
  ) {
    super(message);
    this.name = 'RequestError';
  }
}

export type RunQuery = NonNullable<schema.operations['runs_list_runs']['parameters']['query']>;
export type LogSearch = schema.operations['logs_search']['parameters']['query'];
export type LogQuery = NonNullable<schema.operations['logs_read']['parameters']['query']>;

/** The server extension's HTTP interface. Every call rejects with a {@link RequestError}. */
export class Client {
  constructor(
    readonly settings: ServerConnection.ISettings,
    private readonly timeout = TIMEOUT
  ) {}

  /** The server has answered that it may not do what was asked for. */
  get denied(): ISignal<this, void> {
    return this._denied;
  }

  about(): Promise<schema.About> {
    return this.get('about');
  }

  policy(): Promise<schema.Policy> {
    return this.get('policy');
  }

  examples(): Promise<schema.Examples> {
    return this.get('examples');
  }

  /** Copy an example into a folder. */
  copyExample(name: string, folder: string): Promise<schema.ExampleCopy> {
    return this.post('examples', { name, folder });
  }

  /** Make a notebook of an Elyra pipeline. `existing`: what to do when the notebook is there already. May take a while. */
  importPipeline(
    path: string,
    existing: NonNullable<schema.ImportRequest['existing']>
  ): Promise<schema.ImportAnswer> {
    const body = JSON.stringify({ path, existing });
    return this.request('import', { method: 'POST', body }, undefined, 4 * TIMEOUT);
  }

  /** The pipeline that a notebook is, saved or not. */
  analyse(notebook: schema.Notebook, signal?: AbortSignal): Promise<schema.PipelineView> {
    return this.post('notebook/analysis', notebook, signal);
  }

  suggest(notebook: schema.Notebook): Promise<schema.Suggestion> {
    return this.post('notebook/suggestion', notebook);
  }

  /** What edits of tags would change; making the changes is up to the caller. */
  edit(notebook: schema.Notebook, edits: schema.Edit[]): Promise<schema.Edited> {
    return this.post('notebook/edits', { notebook, edits });
  }

  export(notebook: schema.Notebook, format: schema.ExportRequest['format']): Promise<schema.Exported> {
    return this.post('notebook/export', { notebook, format });
  }

  runs(query: RunQuery = {}): Promise<schema.RunPage> {
    return this.get('runs', query);
  }

  start(request: schema.RunRequest): Promise<schema.Started> {
    return this.post('runs', request);
  }

  run(id: string): Promise<schema.RunDetail> {
    return this.get(`runs/${encodeURIComponent(id)}`);
  }

  delete(id: string): Promise<schema.RunSummary> {
    return this.request(`runs/${encodeURIComponent(id)}`, { method: 'DELETE' });
  }

  cancel(id: string): Promise<schema.RunSummary> {
    return this.post(`runs/${encodeURIComponent(id)}/cancel`, {});
  }

  resume(id: string): Promise<schema.Started> {
    return this.post(`runs/${encodeURIComponent(id)}/resume`, {});
  }

  log(id: string, query: LogQuery): Promise<schema.LogPart> {
    return this.get(`runs/${encodeURIComponent(id)}/log`, query);
  }

  /** The lines of a log that have a text. */
  searchLog(id: string, query: LogSearch): Promise<schema.LogMatches> {
    return this.get(`runs/${encodeURIComponent(id)}/log/search`, query);
  }

  /** Where a browser can download a whole log from. */
  logUrl(id: string, step: string): string {
    const query = queryText({ step, token: this.settings.appendToken ? this.settings.token : undefined });
    return URLExt.join(this.settings.baseUrl, 'kfjlab/runs', encodeURIComponent(id), 'log/download') + query;
  }

  /** What there is to see of a value that a step made. May take half a minute. */
  preview(id: string, step: string, name: string): Promise<schema.PreviewView> {
    return this.get(`runs/${encodeURIComponent(id)}/preview`, { step, name }, 3 * TIMEOUT);
  }

  /** The executed cells of a step as a notebook. */
  executed(id: string, step: string): Promise<Record<string, unknown>> {
    return this.get(`runs/${encodeURIComponent(id)}/notebook`, { step });
  }

  outputs(id: string, step = ''): Promise<schema.Outputs> {
    return this.get(`runs/${encodeURIComponent(id)}/outputs`, { step });
  }

  artifacts(id: string): Promise<schema.Artifacts> {
    return this.get(`runs/${encodeURIComponent(id)}/artifacts`);
  }

  lineage(id: string, digest: string): Promise<schema.LineageView> {
    return this.get(`runs/${encodeURIComponent(id)}/lineage`, { digest });
  }

  private get<T>(path: string, query: Query = {}, timeout = this.timeout): Promise<T> {
    return this.request<T>(path + queryText(query), {}, undefined, timeout);
  }

  private post<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
    return this.request<T>(path, { method: 'POST', body: JSON.stringify(body) }, signal);
  }

  private async request<T>(
    path: string,
    init: RequestInit = {},
    signal?: AbortSignal,
    timeout = this.timeout
  ): Promise<T> {
    const url = URLExt.join(this.settings.baseUrl, 'kfjlab', path);
    const controller = new AbortController();
    const abort = () => controller.abort();
    signal?.addEventListener('abort', abort);
    // Runs on until the body has been read: a server may answer and then stall.
    const timer = setTimeout(() => controller.abort(), timeout);
    try {
      const response = await ServerConnection.makeRequest(
        url,
        // JupyterLab's default, no-store, adds the time to the address: a parameter that no route knows.
        { ...init, cache: 'no-cache', signal: controller.signal },
        this.settings
      );
      if (!response.ok) {
        const error = await errorOf(response);
        if (response.status === 403 && error.failure === 'refused') {
          this._denied.emit();
        }
        throw error;
      }
      return (await response.json()) as T;
    } catch (error) {
      if (error instanceof RequestError) {
        throw error;
      }
      if (signal?.aborted) {
        throw error;
      }
      if (controller.signal.aborted) {
        throw new RequestError('timeout', `No answer within ${timeout / 1000} s.`);
      }
      if (error instanceof ServerConnection.NetworkError) {
        throw new RequestError('unreachable', error.message);
      }
      throw new RequestError('failed', error instanceof Error ? error.message : String(error));
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  private readonly _denied = new Signal<this, void>(this);
}

/** What an answer that is an error says: our own, Jupyter Server's, or the status line. */
async function errorOf(response: Response): Promise<RequestError> {
  const text = await response.text();
  let body: Partial<schema.Failure> = {};
  try {
    body = (JSON.parse(text) ?? {}) as Partial<schema.Failure>;
  } catch {
    // Not JSON: an HTML page of the server or of a proxy, of no use in a message.
  }
  // Only our own answers have problems; a 404 without is Jupyter Server's, which does not know the route, a 403 its authorizer's.
  const ours = Array.isArray(body.problems);
  const message = typeof body.message === 'string' && body.message ? body.message : '';
  return new RequestError(
    failureOf(response.status, ours),
    message || `${response.status} ${response.statusText}`,
    body.fix,
    body.problems
  );
}

function failureOf(status: number, ours: boolean): Failure {
  switch (status) {
    case 404:
      return ours ? 'missing' : 'absent';
    case 401:
      return 'forbidden';
    case 403:
      return ours ? 'refused' : 'forbidden';
    case 409:
    case 422:
      return 'refused';
    default:
      return 'failed';
  }
}

type Query = Record<string, string | number | boolean | readonly string[] | null | undefined>;

/** A query string; lists are repeated, what is null or undefined is left out. */
function queryText(query: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined) {
        parameters.append(name, String(one));
      }
    }
  }
  const text = parameters.toString();
  return text && `?${text}`;
}
