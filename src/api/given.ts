import type { RunSummary } from './schema';

/** The parameters that a run was given; the others had the notebook's defaults, which may be other ones by now. */
export function givenParameters({ given, parameters }: RunSummary): Record<string, unknown> {
  return Object.fromEntries(Object.entries(parameters).filter(([name]) => given.includes(name)));
}
