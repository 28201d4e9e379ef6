import type { TranslationBundle } from '@jupyterlab/translation';
import { type ISignal, Signal } from '@lumino/signaling';

import type * as schema from '../api/schema';
import type { Feature, IFixed, IPolicy, ITarget, RunOption } from '../tokens';

/** What the page is told of the administrator's decisions when it is loaded. `targets`: empty for all. */
export type Decisions = Pick<
  schema.Policy,
  'images' | 'max_parallel' | 'max_memory' | 'features' | 'reason'
> & {
  readonly targets: readonly string[];
  readonly locks: Readonly<Record<string, unknown>>;
};

const NONE: Decisions = {
  targets: [],
  images: [],
  max_parallel: null,
  max_memory: null,
  features: {},
  locks: {},
  reason: ''
};

/** What a page's configuration says; nothing is decided where it says nothing. */
export function decisionsOf(option: string): Decisions {
  return option ? { ...NONE, ...(JSON.parse(option) as Partial<Decisions>) } : NONE;
}

/** See {@link IPolicy}. What the page was told holds until the server is asked. */
export class Policy implements IPolicy {
  /** The targets that are installed; until the server has been asked, the one that comes along. */
  private installed: readonly string[] = ['local'];
  private asking: Promise<void> | undefined;
  private readonly _changed = new Signal<this, void>(this);

  constructor(
    private decided: Decisions,
    private readonly ask: () => Promise<schema.Policy>,
    private readonly trans: TranslationBundle
  ) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get reason(): string {
    return this.decided.reason || this.trans.__('The administrator of this server has decided so.');
  }

  get images(): readonly string[] {
    return this.decided.images;
  }

  get maxParallel(): number | null {
    return this.decided.max_parallel;
  }

  get maxMemory(): number | null {
    return this.decided.max_memory;
  }

  whyOff(feature: Feature): string | null {
    if (this.decided.features[feature] === false) {
      return this.because(offWord(feature, this.trans));
    }
    if (feature === 'run' && this.target === null) {
      return this.because(
        this.trans.__('Runs are allowed only on %1, which is not installed.', this.decided.targets.join(', '))
      );
    }
    return null;
  }

  fixed(option: RunOption): IFixed | null {
    return Object.hasOwn(this.decided.locks, option)
      ? { value: this.decided.locks[option], why: this.because(this.trans.__('Fixed on this server.')) }
      : null;
  }

  get targets(): readonly ITarget[] {
    const { targets } = this.decided;
    return this.installed.map(name => ({
      name,
      why:
        targets.length === 0 || targets.includes(name)
          ? null
          : this.because(this.trans.__('Runs are not allowed there.'))
    }));
  }

  get target(): string | null {
    const fixed = this.fixed('target')?.value;
    const allowed = this.targets.filter(({ why }) => why === null).map(({ name }) => name);
    return typeof fixed === 'string' ? fixed : allowed.includes('local') ? 'local' : (allowed[0] ?? null);
  }

  know(): Promise<void> {
    return (this.asking ??= this.refresh());
  }

  async refresh(): Promise<void> {
    let policy: schema.Policy;
    try {
      policy = await this.ask();
    } catch (error) {
      // What the page was told goes on to be shown; the server enforces its own anyway.
      console.warn('kfjlab: the policy of the server could not be read.', error);
      this.asking = undefined;
      return;
    }
    const { targets, forbidden_targets: forbidden, locks } = policy;
    this.installed = [...targets, ...forbidden].sort();
    this.decided = {
      ...policy,
      // Those that are configured and not installed are of no use to anyone, but say what is allowed.
      targets: targets.length > 0 ? (forbidden.length > 0 ? targets : []) : this.decided.targets,
      locks: Object.fromEntries(locks.map(({ setting, value }) => [setting, value]))
    };
    this._changed.emit();
  }

  private because(what: string): string {
    return `${what} ${this.reason}`;
  }
}

function offWord(feature: Feature, trans: TranslationBundle): string {
  switch (feature) {
    case 'run':
      return trans.__('Runs cannot be started on this server.');
    case 'delete':
      return trans.__('Runs cannot be deleted on this server.');
    case 'preview':
      return trans.__('Values are not shown on this server.');
    case 'export':
      return trans.__('Pipelines cannot be exported on this server.');
    case 'import':
      return trans.__('Pipelines of other tools cannot be imported on this server.');
    case 'suggest':
      return trans.__('Steps are not suggested on this server.');
    case 'examples':
      return trans.__('Examples are not offered on this server.');
  }
}
