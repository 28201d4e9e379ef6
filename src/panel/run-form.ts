import type { TranslationBundle } from '@jupyterlab/translation';
import { type ISignal, Signal } from '@lumino/signaling';

import { RequestError } from '../api/client';
import type { Parameter, Problem, RunRequest } from '../api/schema';
import { faultOf, fieldOf, type IField, type IOptions, optionsOf, sorted, valuesOf } from './form';

/** The form of a run: parameters, options, and what is wrong with them. */
export class RunForm {
  fields: readonly IField[];
  /** By parameter: what is wrong with its text. */
  faults: ReadonlyMap<string, string> = new Map();
  /** What else refused the run. */
  problems: readonly Problem[] = [];
  error: unknown = null;
  busy = false;
  /** How often it was sent and refused. */
  refusals = 0;

  /** `values`: instead of the defaults; `options`: at first. `start` starts a run, or rejects. */
  constructor(
    parameters: readonly Parameter[],
    private readonly values: Readonly<Record<string, unknown>>,
    public options: IOptions,
    private readonly start: (request: Partial<RunRequest>) => Promise<void>,
    private readonly trans: TranslationBundle
  ) {
    this.fields = parameters.map(parameter => this.filled(parameter));
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The notebook has other parameters now: what was typed stays where it still fits. */
  update(parameters: readonly Parameter[]): void {
    const before = new Map(this.fields.map(field => [field.parameter.name, field]));
    this.fields = parameters.map(parameter => {
      const field = before.get(parameter.name);
      if (!field) {
        return this.filled(parameter); // all of them, when the notebook has only just been opened
      }
      const same =
        field.parameter.type === parameter.type &&
        JSON.stringify(field.parameter.default) === JSON.stringify(parameter.default);
      return same ? { ...field, parameter } : fieldOf(parameter);
    });
    this._changed.emit();
  }

  private filled(parameter: Parameter): IField {
    const { name } = parameter;
    return Object.hasOwn(this.values, name) ? fieldOf(parameter, this.values[name]) : fieldOf(parameter);
  }

  set(name: string, value: Partial<Pick<IField, 'text' | 'checked'>>): void {
    this.fields = this.fields.map(field => (field.parameter.name === name ? { ...field, ...value } : field));
    this.faults = new Map([...this.faults].filter(([faulty]) => faulty !== name));
    this._changed.emit();
  }

  choose(options: Partial<IOptions>): void {
    this.options = { ...this.options, ...options };
    this._changed.emit();
  }

  /** Start the run. Resolves to whether it was started; if not, `faults`, `problems` or `error` say why. */
  async submit(): Promise<boolean> {
    if (this.busy) {
      return false;
    }
    this.problems = [];
    this.error = null;
    this.faults = new Map(
      this.fields
        .map(field => [field.parameter.name, faultOf(field, this.trans)] as const)
        .filter(([, fault]) => fault)
    );
    if (this.faults.size > 0) {
      this.refusals++;
      this._changed.emit();
      return false;
    }
    this.busy = true;
    this._changed.emit();
    try {
      await this.start({ ...valuesOf(this.fields), ...optionsOf(this.options) });
      return true;
    } catch (error) {
      this.refusals++;
      const problems = error instanceof RequestError ? error.problems : [];
      const { fields, others } = sorted(problems, this.fields);
      this.faults = fields;
      this.problems = others;
      this.error = fields.size > 0 && others.length === 0 ? null : error;
      return false;
    } finally {
      this.busy = false;
      this._changed.emit();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
}
