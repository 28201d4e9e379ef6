import type { TranslationBundle } from '@jupyterlab/translation';

import type { Client } from '../api/client';
import type { IPipelines, IPolicy, ISettings } from '../tokens';
import type { Sessions } from './session';

/** What the parts of the panel are made with. */
export interface ITools {
  readonly pipelines: IPipelines;
  readonly sessions: Sessions;
  readonly client: Client;
  readonly policy: IPolicy;
  readonly settings: ISettings;
  /** Whether runs can be started here. */
  readonly runs: boolean;
  readonly trans: TranslationBundle;
  /** Carry out a command of JupyterLab. */
  readonly execute: (command: string, args?: Record<string, string>) => Promise<unknown>;
  /** The folder that the file browser shows, for copies of examples. */
  readonly folder: () => string;
}
