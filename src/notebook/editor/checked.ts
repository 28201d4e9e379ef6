import type * as schema from '../../api/schema';
import type { Field } from './settings';

/** What the server says of a draft: beside fields of the form, and of the draft as a whole. */
export interface IVerdict {
  /** Why the name, the role or the draft as a whole is refused. */
  readonly refused: string | null;
  readonly fields: ReadonlyMap<Field, string>;
  /** Problems that the notebook has not had before. */
  readonly problems: readonly schema.Problem[];
}

export const NO_VERDICT: IVerdict = { refused: null, fields: new Map(), problems: [] };

/** Where a field of `metadata.kfjlab` is in the form. */
const PLACES: readonly [RegExp, Field][] = [
  [/^resources\.cpu\b/, 'cpu'],
  [/^resources\.memory\b/, 'memory'],
  [/^resources\.gpu\.kind\b/, 'gpuKind'],
  [/^resources\.gpu\b/, 'gpus'],
  [/^image\b/, 'image'],
  [/^retries\b/, 'retries'],
  [/^timeout\b/, 'timeout'],
  [/^cache\b/, 'cache'],
  [/^env\b/, 'env']
];

/** The fields that the administrator's limits are about. */
const LIMITED: Readonly<Record<string, Field>> = {
  'image-not-allowed': 'image',
  'memory-not-allowed': 'memory'
};

/** The verdict of an analysis that a draft would give; `before`: the notebook as it is. */
export function verdictOf(after: schema.PipelineView, before: schema.PipelineView): IVerdict {
  const known = new Set(before.problems.map(signature));
  const fields = new Map<Field, string>();
  const problems: schema.Problem[] = [];
  for (const problem of after.problems) {
    if (known.has(signature(problem))) {
      continue;
    }
    const [, path, text] = /^'kfjlab\.([^']*)'[^:]*: (.*)$/s.exec(problem.message) ?? [];
    const field = PLACES.find(([place]) => path !== undefined && place.test(path))?.[1];
    const limited = LIMITED[problem.code];
    if (limited) {
      fields.set(limited, problem.message);
    } else if (problem.code === 'bad-metadata' && field && text) {
      fields.set(field, text);
    } else {
      problems.push(problem);
    }
  }
  return { refused: null, fields, problems };
}

function signature(problem: schema.Problem): string {
  return JSON.stringify([problem.code, problem.cell, problem.message]);
}
