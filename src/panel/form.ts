import type { TranslationBundle } from '@jupyterlab/translation';

import type { Parameter, Problem, RunRequest } from '../api/schema';
import type { RunDefaults } from '../tokens';

/** What a user has typed for a parameter. Bools are a choice, all others a text that the server reads. */
export interface IField {
  readonly parameter: Parameter;
  readonly text: string;
  readonly checked: boolean;
}

/** How a run is to go, besides its parameters. */
export interface IOptions {
  readonly cache: boolean;
  readonly keepGoing: boolean;
  /** Empty: as many as the machine can. */
  readonly maxParallel: string;
  readonly target: string;
  /** Only these and what they need; empty: all. */
  readonly steps: readonly string[];
}

export function optionsFrom(defaults: RunDefaults): IOptions {
  return {
    cache: defaults.cache,
    keepGoing: defaults.keep_going,
    maxParallel: defaults.max_parallel ? String(defaults.max_parallel) : '',
    target: defaults.target,
    steps: []
  };
}

/** A field with a value: the default, if none is given. */
export function fieldOf(parameter: Parameter, value: unknown = parameter.default): IField {
  return { parameter, text: textOf(parameter, value), checked: value === true };
}

/** A value as a person would type it. */
export function textOf(parameter: Parameter, value: unknown): string {
  if (value === null || value === undefined) {
    return '';
  }
  return typeof value === 'string' && parameter.type !== 'list' && parameter.type !== 'dict'
    ? value
    : JSON.stringify(value);
}

/** Why a text cannot be the parameter's value; empty when it may be one. Only the server knows for certain. */
export function faultOf({ parameter, text }: IField, trans: TranslationBundle): string {
  const word = text.trim();
  if (word === '' || (parameter.default === null && /^(none|null)$/i.test(word))) {
    return '';
  }
  switch (parameter.type) {
    case 'int':
      return /^[+-]?\d+(_\d+)*$/.test(word) ? '' : trans.__('Write a whole number, such as 3.');
    case 'float':
      return Number.isFinite(Number(word.replace(/(\d)_(?=\d)/g, '$1')))
        ? ''
        : trans.__('Write a number, such as 0.5 or 1e-3.');
    case 'list':
      return jsonIs(word, Array.isArray) ? '' : trans.__('Write a list, such as [1, 2, 3].');
    case 'dict':
      return jsonIs(word, value => typeof value === 'object' && value !== null && !Array.isArray(value))
        ? ''
        : trans.__('Write a dict, such as {"depth": 3}.');
    default:
      return '';
  }
}

/** Whether a text is JSON of the wanted kind; what is no JSON may be Python, which the server reads, too. */
function jsonIs(text: string, wanted: (value: unknown) => boolean): boolean {
  try {
    return wanted(JSON.parse(text));
  } catch {
    return /^[[{(]/.test(text);
  }
}

/** The parameters of a request: only what differs from the defaults. An empty field, unless it is of a text, means the default. */
export function valuesOf(fields: readonly IField[]): Pick<RunRequest, 'parameters' | 'texts'> {
  const parameters: [string, unknown][] = [];
  const texts: [string, string][] = [];
  for (const { parameter, text, checked } of fields) {
    if (parameter.type === 'bool') {
      if (checked !== (parameter.default === true)) {
        parameters.push([parameter.name, checked]);
      }
    } else if (text !== textOf(parameter, parameter.default) && (text.trim() || parameter.type === 'str')) {
      texts.push([parameter.name, text]);
    }
  }
  return { parameters: Object.fromEntries(parameters), texts: Object.fromEntries(texts) };
}

export function optionsOf(options: IOptions): Partial<RunRequest> {
  return {
    cache: options.cache,
    keep_going: options.keepGoing,
    max_parallel: Number(options.maxParallel) || 0,
    target: options.target,
    steps: [...options.steps]
  };
}

/** What the server says of single fields, by parameter, and the rest. */
export function sorted(
  problems: readonly Problem[],
  fields: readonly IField[]
): { fields: ReadonlyMap<string, string>; others: readonly Problem[] } {
  const found = new Map<string, string>();
  const others: Problem[] = [];
  for (const problem of problems) {
    // The message begins with the parameter: several can be on the line that the problem names.
    const field = fields.find(
      ({ parameter: { name } }) =>
        problem.code === 'bad-parameter' &&
        /^[ :]/.test(problem.message.slice(name.length)) &&
        problem.message.startsWith(name)
    );
    if (field) {
      found.set(field.parameter.name, problem.message);
    } else {
      others.push(problem);
    }
  }
  return { fields: found, others };
}
