import type { TranslationBundle } from '@jupyterlab/translation';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Client } from '../api/client';
import type * as schema from '../api/schema';
import { givenParameters } from '../api/given';
import type { IPipelineModel, IRunModel, IRuns, ISettings } from '../tokens';
import { Proposal } from './proposal';
import { optionsFrom } from './form';
import { RunForm } from './run-form';

/** What the user is doing with a notebook's pipeline: the same wherever it is shown. */
export class Session implements IDisposable {
  /** The step that is looked at. */
  selected: string | null = null;
  proposal: Proposal | null = null;
  form: RunForm | null = null;
  /** What is being done, so that it is not begun twice. */
  busy: 'suggesting' | 'editing' | 'starting' | 'loading' | null = null;
  /** Why the last thing asked for was not done. */
  failure: unknown = null;

  constructor(
    readonly model: IPipelineModel,
    private readonly client: Pick<Client, 'suggest' | 'edit'>,
    readonly runs: IRuns | null,
    private readonly settings: ISettings,
    /** The path of a document, without the name of a drive. */
    private readonly localPath: (path: string) => string,
    private readonly trans: TranslationBundle
  ) {
    model.changed.connect(this.onModel, this);
    runs?.changed.connect(this.onRuns, this);
    settings.changed.connect(this.emit, this);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The notebook's newest run, while somebody looks at it. */
  get latest(): IRunModel | null {
    return this.followed;
  }

  get path(): string {
    return this.localPath(this.model.panel.context.path);
  }

  get isDisposed(): boolean {
    return this.disposed;
  }

  /** Somebody looks at the newest run, until the result is disposed of. */
  look(): IDisposable {
    this.lookers++;
    this.follow();
    return new DisposableDelegate(() => {
      this.lookers--;
      this.follow();
    });
  }

  select(step: string | null): void {
    this.selected = step;
    this._changed.emit();
  }

  /** Scroll to the first cell of a step. */
  async reveal(step: string): Promise<void> {
    const cell = this.model.view?.steps.find(one => one.name === step)?.cells[0];
    if (cell !== undefined) {
      await this.model.reveal(cell);
    }
  }

  async suggest(): Promise<void> {
    await this.attempt('suggesting', async () => {
      const notebook = this.model.content();
      const suggestion = await this.client.suggest(notebook);
      this.proposal = new Proposal(suggestion, notebook, edits =>
        this.client.edit(this.model.content(), edits)
      );
    });
  }

  drop(): void {
    this.proposal = null;
    this.failure = null;
    this._changed.emit();
  }

  /** Write the tags of the proposal that were kept. */
  async accept(): Promise<void> {
    const edits = this.proposal?.edits() ?? [];
    await this.attempt('editing', async () => {
      await this.model.edit(edits);
      this.proposal = null;
    });
  }

  /** Carry out a problem's fix. */
  async mend(fix: schema.Fix): Promise<void> {
    const { action } = fix;
    if (typeof action === 'string') {
      await this.attempt('editing', () => this.model.edit([{ action, arguments: fix.arguments ?? {} }]));
    }
  }

  /** Show the form of a run. */
  ask(values: Readonly<Record<string, unknown>> = {}): void {
    if (!this.runs) {
      return;
    }
    this.form = new RunForm(
      this.model.view?.parameters ?? [],
      values,
      optionsFrom(this.runs.defaults()),
      async request => {
        await this.start(request);
        this.form = null;
      },
      this.trans
    );
    this.failure = null;
    this._changed.emit();
  }

  dismiss(): void {
    this.form = null;
    this._changed.emit();
  }

  /** Whether there is something to ask before a run. */
  get asks(): boolean {
    return this.settings.value.askBeforeRun === 'always' || Boolean(this.model.view?.parameters.length);
  }

  /** Run at once if there is nothing to ask, else show the form. */
  async run(): Promise<void> {
    if (this.asks) {
      this.ask();
    } else {
      await this.attempt('starting', () => this.start({}));
    }
  }

  /** Run a step and all that depend on it again, with the values of the newest run. */
  async runFrom(step: string): Promise<void> {
    const detail = this.latest?.detail;
    const parameters = detail ? givenParameters(detail.summary) : {};
    await this.attempt('starting', () => this.start({ start_from: [step], parameters }));
  }

  /** Put the variables that a step of the newest run had into the notebook's kernel. */
  async load(step: string, when: 'before' | 'after'): Promise<void> {
    const run = this.latest?.id;
    if (run !== undefined) {
      await this.attempt('loading', async () => this.runs?.load(run, step, when));
    }
  }

  dispose(): void {
    if (!this.disposed) {
      this.disposed = true;
      this.followed?.dispose();
      this.followed = null;
      this.settings.changed.disconnect(this.emit, this);
      Signal.clearData(this);
    }
  }

  private async start(request: Partial<schema.RunRequest>): Promise<void> {
    const { context } = this.model.panel;
    if (context.model.dirty && !this.model.readOnly) {
      await context.save();
    }
    await this.runs?.start({ ...this.runs.defaults(), ...request, path: this.path });
    this.follow();
  }

  private async attempt(what: NonNullable<Session['busy']>, action: () => Promise<void>): Promise<void> {
    if (this.busy) {
      return;
    }
    this.busy = what;
    this.failure = null;
    this._changed.emit();
    try {
      await action();
    } catch (error) {
      this.failure = error;
    } finally {
      this.busy = null;
      if (!this.disposed) {
        this._changed.emit();
      }
    }
  }

  /** Follow the newest run if somebody looks, and only then. */
  private follow(): void {
    const wanted = this.lookers > 0 && !this.disposed ? this.runs?.latest(this.path) : undefined;
    if (this.followed?.id === wanted) {
      return;
    }
    this.followed?.changed.disconnect(this.emit, this);
    this.followed?.dispose();
    this.followed = wanted === undefined ? null : (this.runs?.follow(wanted) ?? null);
    this.followed?.changed.connect(this.emit, this);
    this._changed.emit();
  }

  private onModel(): void {
    const { view } = this.model;
    if (view && this.selected !== null && !view.steps.some(step => step.name === this.selected)) {
      this.selected = null;
    }
    if (view && this.form) {
      this.form.update(view.parameters);
    }
    this.follow();
    this._changed.emit();
  }

  private onRuns(): void {
    this.follow();
  }

  private emit(): void {
    this._changed.emit();
  }

  private followed: IRunModel | null = null;
  private lookers = 0;
  private disposed = false;
  private readonly _changed = new Signal<this, void>(this);
}

/** The sessions of notebooks, one each, as long as the notebook is open. */
export class Sessions {
  constructor(private readonly make: (model: IPipelineModel) => Session) {}

  of(model: IPipelineModel): Session {
    let session = this.sessions.get(model);
    if (!session) {
      const made = this.make(model);
      session = made;
      this.sessions.set(model, made);
      model.panel.disposed.connect(() => made.dispose());
    }
    return session;
  }

  /** A menu was opened on the graph of a session: what is chosen there is meant for it; null: for the notebook in use. */
  use(session: Session | null): void {
    this._used = session;
  }

  get used(): Session | null {
    return this._used?.isDisposed === false ? this._used : null;
  }

  private _used: Session | null = null;
  private readonly sessions = new WeakMap<IPipelineModel, Session>();
}
