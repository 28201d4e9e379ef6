import type { TranslationBundle } from '@jupyterlab/translation';

/**
 * What loading a step's variables gave. `defined`: modules, functions and classes; `missing`: name → why it was not loaded; `replaced`:
 * variables that had other values before, which the kernel has in {@link REPLACED} now.
 */
export interface ILoaded {
  variables: string[];
  defined: string[];
  missing: Record<string, string>;
  replaced: string[];
}

/** The variable of the kernel in which kfjlab keeps what was replaced. */
export const REPLACED = 'kfjlab_replaced';

/** Why variables could not be loaded: what happened, and what to do. */
export class LoadError extends Error {
  constructor(
    message: string,
    readonly fix = ''
  ) {
    super(message);
    this.name = 'LoadError';
  }
}

/** What a kernel says of one expression. */
interface IResult {
  readonly status?: string;
  readonly data?: Readonly<Record<string, string>>;
  readonly ename?: string;
  readonly evalue?: string;
}

/** The expressions that a kernel is asked to evaluate: they leave no name of their own behind. */
export function expressions(run: string, step: string, when: 'before' | 'after'): Record<string, string> {
  const call = `__import__('kfjlab').load(${[run, step, when].map(literal).join(', ')}, into=globals())`;
  const told =
    "{'variables': [name for name in found if name not in found.defined], " +
    "'defined': list(found.defined), 'missing': found.missing, 'replaced': list(found.replaced)}";
  return {
    loaded: `(lambda found: __import__('json').dumps(${told}))(${call})`,
    python: "__import__('json').dumps(__import__('sys').executable)"
  };
}

/** A text as Python writes it. JSON's escapes are among Python's. */
function literal(text: string): string {
  return JSON.stringify(text);
}

/** What a kernel's reply says. Throws a {@link LoadError}. */
export function answerOf(reply: Record<string, unknown>, trans: TranslationBundle): ILoaded {
  const loaded = (reply.loaded ?? {}) as IResult;
  if (loaded.status === 'ok') {
    return JSON.parse(textOf(loaded)) as ILoaded;
  }
  const name = loaded.ename ?? 'Error';
  const message = loaded.evalue ?? '';
  if (name === 'ModuleNotFoundError' && message.includes("'kfjlab'")) {
    const python = (reply.python ?? {}) as IResult;
    const program = python.status === 'ok' ? (JSON.parse(textOf(python)) as string) : 'python';
    throw new LoadError(
      trans.__('kfjlab is not installed for the Python of this notebook’s kernel (%1).', program),
      '%pip install kfjlab'
    );
  }
  // Its own errors are written for people; of others the name says most.
  throw new LoadError(name === 'LoadError' ? message : `${name}: ${message}`);
}

/** The text that an expression gave: the kernel sends what Python would show of it, which is a literal of that text. */
function textOf(result: IResult): string {
  return unquoted(result.data?.['text/plain'] ?? '');
}

const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', "'": "'", '"': '"', '\\': '\\' };

function unquoted(shown: string): string {
  return shown
    .slice(1, -1)
    .replace(/\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.))/gs, (all, x, u, wide, other) => {
      const code = (x ?? u ?? wide) as string | undefined;
      return code ? String.fromCodePoint(parseInt(code, 16)) : (ESCAPES[other as string] ?? all);
    });
}
