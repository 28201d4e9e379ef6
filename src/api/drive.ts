import type { Contents, ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Client } from './client';

export const DRIVE = 'kfjlab-runs';
const SUFFIX = '.ipynb';

/** The path, drive and all, of a step's executed cells. */
export function stepPath(run: string, step: string): string {
  return `${DRIVE}:${encodeURIComponent(run)}/${encodeURIComponent(step)}${SUFFIX}`;
}

/** What a path (without the drive) names; undefined when it is no step's. */
export function stepOf(localPath: string): { run: string; step: string } | undefined {
  const [run, file, ...more] = localPath.split('/').filter(Boolean);
  if (!run || !file?.endsWith(SUFFIX) || more.length > 0) {
    return undefined;
  }
  try {
    return { run: decodeURIComponent(run), step: decodeURIComponent(file.slice(0, -SUFFIX.length)) };
  } catch {
    return undefined; // a stray % that is none of ours
  }
}

/** The executed cells of steps as notebooks that can be opened and read, not written. */
export class RunDrive implements Contents.IDrive {
  constructor(
    private readonly client: Client,
    private readonly trans: TranslationBundle
  ) {
    this.serverSettings = client.settings;
  }

  readonly name = DRIVE;
  readonly serverSettings: ServerConnection.ISettings;

  get fileChanged(): ISignal<this, Contents.IChangedArgs> {
    return this._fileChanged;
  }

  get isDisposed(): boolean {
    return this.disposed;
  }

  dispose(): void {
    this.disposed = true;
    Signal.clearData(this);
  }

  async get(localPath: string, options?: Contents.IFetchOptions): Promise<Contents.IModel> {
    const parts = localPath.split('/').filter(Boolean);
    const found = stepOf(localPath);
    if (found) {
      const content = options?.content === false ? null : await this.client.executed(found.run, found.step);
      return model(localPath, 'notebook', content);
    }
    if (parts.length > 1) {
      throw new Error(this.trans.__('%1 is no step of a run.', localPath));
    }
    return model(localPath, 'directory', parts[0] ? await this.steps(parts[0]) : []);
  }

  async getDownloadUrl(localPath: string): Promise<string> {
    const content = (await this.get(localPath)).content as unknown;
    return `data:application/x-ipynb+json;charset=utf-8,${encodeURIComponent(JSON.stringify(content))}`;
  }

  async listCheckpoints(): Promise<Contents.ICheckpointModel[]> {
    return Promise.resolve([]);
  }

  newUntitled(): Promise<Contents.IModel> {
    return this.readOnly();
  }

  delete(): Promise<void> {
    return this.readOnly();
  }

  rename(): Promise<Contents.IModel> {
    return this.readOnly();
  }

  save(): Promise<Contents.IModel> {
    return this.readOnly();
  }

  copy(): Promise<Contents.IModel> {
    return this.readOnly();
  }

  createCheckpoint(): Promise<Contents.ICheckpointModel> {
    return this.readOnly();
  }

  restoreCheckpoint(): Promise<void> {
    return this.readOnly();
  }

  deleteCheckpoint(): Promise<void> {
    return this.readOnly();
  }

  private readOnly(): Promise<never> {
    return Promise.reject(
      new Error(this.trans.__('What a run has executed cannot be changed. Save a copy elsewhere instead.'))
    );
  }

  private async steps(run: string): Promise<Contents.IModel[]> {
    const detail = await this.client.run(decodeURIComponent(run));
    return detail.steps.map(step =>
      model(`${run}/${encodeURIComponent(step.name)}${SUFFIX}`, 'notebook', null)
    );
  }

  private readonly _fileChanged = new Signal<this, Contents.IChangedArgs>(this);
  private disposed = false;
}

function model(path: string, type: 'notebook' | 'directory', content: unknown): Contents.IModel {
  return {
    name: path.split('/').pop() ?? '',
    path,
    type,
    writable: false,
    // What a run has executed does not change under whoever reads it: always the same time, so that no copy is newer.
    created: '',
    last_modified: '',
    mimetype: '',
    content,
    format: content === null ? null : 'json'
  };
}
