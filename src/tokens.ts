import type { NotebookPanel } from '@jupyterlab/notebook';
import { Token } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';

import type { Client } from './api/client';
import type { IStream } from './api/stream';
import type * as schema from './api/schema';

/** What an administrator can switch off, and the options of runs that can be fixed: the server's names. */
export type Feature = 'run' | 'delete' | 'preview' | 'export' | 'import' | 'suggest' | 'examples';
export type RunOption = 'cache' | 'keep_going' | 'max_parallel' | 'kernel' | 'target';

/** The value that an option of runs has, and why, as sentences for people. */
export interface IFixed {
  readonly value: unknown;
  readonly why: string;
}

/** Where runs can happen; `why` they may not, null when they may. */
export interface ITarget {
  readonly name: string;
  readonly why: string | null;
}

/** What the administrator has decided. The server enforces it; pages show it, with the reason, before somebody asks in vain. */
export interface IPolicy {
  readonly changed: ISignal<IPolicy, void>;
  /** Who has decided so, and whom to ask. */
  readonly reason: string;
  /** Why something is switched off, as sentences for people; null when it is not. */
  whyOff(feature: Feature): string | null;
  /** An option of runs that cannot be chosen; null when it can. */
  fixed(option: RunOption): IFixed | null;
  /** Patterns of the images that steps may ask for; empty: any. */
  readonly images: readonly string[];
  /** Steps of a run at the same time, and bytes of a step, at most; null: no limit. */
  readonly maxParallel: number | null;
  readonly maxMemory: number | null;
  /** The installed targets; all are known after `know`. */
  readonly targets: readonly ITarget[];
  /** Where runs happen unless something else is chosen; null where they may not happen at all. */
  readonly target: string | null;
  /** Ask the server what the page was not told when it was loaded; once. */
  know(): Promise<void>;
}

/** The server, as all rooms use it. */
export interface IServer {
  readonly client: Client;
  readonly stream: IStream;
  readonly policy: IPolicy;
}

/** What a user has set; `schema/plugin.json` says what each means. */
export interface ISettingValues {
  readonly showChips: boolean;
  readonly colorCells: boolean;
  readonly redrawDelay: number;
  readonly graphDirection: 'down' | 'right';
  readonly graphFigures: boolean;
  readonly graphRun: boolean;
  readonly askBeforeRun: 'parameters' | 'always';
  readonly openRunPage: boolean;
  readonly reuseResults: boolean;
  readonly keepGoing: boolean;
  readonly maxParallel: number;
  readonly confirmDelete: boolean;
}

export interface ISettings {
  readonly value: ISettingValues;
  readonly changed: ISignal<ISettings, void>;
}

export const ISettings = new Token<ISettings>('kfjlab:ISettings', 'What the user has set.');

export const IServer = new Token<IServer>('kfjlab:IServer', 'The kfjlab server extension.');

/** An open notebook as a pipeline, kept up to date while it is edited. */
export interface IPipelineModel {
  readonly panel: NotebookPanel;
  /** The newest analysis; null before the first answer. It may be of a content a few keystrokes old. */
  readonly view: schema.PipelineView | null;
  /** Why the last analysis could not be had; null when it could. */
  readonly error: unknown;
  /** Whether tags cannot be changed: a read-only or locked notebook. */
  readonly readOnly: boolean;
  /** `view`, `error` or `readOnly` have changed. */
  readonly changed: ISignal<IPipelineModel, void>;

  /** The notebook as it is now, as requests carry it: without outputs. */
  content(): schema.Notebook;
  /** Change tags; one entry of the tagging history. Rejects with a `RequestError` when the server refuses. */
  edit(edits: schema.Edit[]): Promise<void>;
  /** What edits would change and the pipeline that would give, without making them. Rejects like `edit`. */
  check(edits: schema.Edit[]): Promise<schema.Edited>;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
  undo(): void;
  redo(): void;
  /** Scroll to a cell, make it active and, with a 1-based line, put the cursor there. */
  reveal(cellId: string, line?: number): Promise<void>;
}

/** The pipelines of all open notebooks. */
export interface IPipelines {
  /** That of the notebook in use last; null when none is open. */
  readonly current: IPipelineModel | null;
  readonly currentChanged: ISignal<IPipelines, IPipelineModel | null>;
  of(panel: NotebookPanel): IPipelineModel | undefined;
}

export const IPipelines = new Token<IPipelines>('kfjlab:IPipelines', 'Open notebooks as pipelines.');

export type RunDefaults = Required<
  Pick<schema.RunRequest, 'cache' | 'keep_going' | 'max_parallel' | 'target'>
>;

/** A run, followed while somebody looks at it. */
export interface IRunModel {
  readonly id: string;
  /** The newest that is known; null before the first answer. Steps' states follow the event stream. */
  readonly detail: schema.RunDetail | null;
  readonly error: unknown;
  /** By step: which cell is running (its place among the step's cells, from 1, of how many). */
  readonly progress: ReadonlyMap<string, { cell: number; of: number }>;
  /** By step: its rich outputs so far, asked for when a step has shown something. */
  readonly outputs: ReadonlyMap<string, readonly schema.Output[]>;
  readonly changed: ISignal<IRunModel, void>;
  /** Nobody looks any more. */
  dispose(): void;
}

/** Runs, started and opened from anywhere. */
export interface IRuns {
  /** How runs go that say nothing else. */
  defaults(): RunDefaults;
  /** Start a run of a saved notebook. Rejects with a `RequestError`, whose `problems` say what is wrong. */
  start(request: schema.RunRequest): Promise<schema.RunSummary>;
  /** Follow a run; the caller disposes of the model. */
  follow(id: string): IRunModel;
  /** Open a run's page in the main area, at a step if one is given. */
  open(id: string, step?: string): void;
  /** Open the executed cells of a step as a notebook. */
  openStep(id: string, step: string): void;
  /** Put a step's variables into the kernel of the notebook that the run is of, opening it if need be. */
  load(id: string, step: string, when: 'before' | 'after'): Promise<void>;
  /** The run of a notebook that was started last in this browser, by the notebook's path; shown over its graph. */
  latest(path: string): string | undefined;
  /** A run was started or has ended somewhere. */
  readonly changed: ISignal<IRuns, string>;
}

export const IRuns = new Token<IRuns>('kfjlab:IRuns', 'Runs.');

/** What the panel shows under its Runs tab. Made when the tab is shown for the first time; the panel disposes of it. */
export interface IRunsView {
  create(): Promise<Widget>;
}

export const IRunsView = new Token<IRunsView>(
  'kfjlab:IRunsView',
  'The list of runs, for the Kubeflow panel.'
);
