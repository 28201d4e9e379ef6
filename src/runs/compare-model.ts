import type * as schema from '../api/schema';
import { spent } from './format';

export type ColumnKind = 'parameter' | 'metric' | 'time';

/** One thing that runs are compared by: a value for each run, in the order of the runs; undefined where a run has none. */
export interface IColumn {
  readonly key: string;
  readonly kind: ColumnKind;
  readonly name: string;
  readonly values: readonly unknown[];
  /** Whether not all runs have the same. */
  readonly differs: boolean;
  /** Whether all values that there are are numbers. */
  readonly numeric: boolean;
}

export interface ISorting {
  readonly key: string;
  readonly descending: boolean;
}

/** Everything that runs can be compared by: parameters, metrics, and the time that they took. */
export function columnsOf(runs: readonly schema.RunSummary[]): IColumn[] {
  return [
    ...named('parameter', runs, run => run.parameters),
    ...named('metric', runs, run => run.metrics),
    column(
      'time',
      '',
      runs.map(run => (run.ended === null ? null : spent(run, run.ended)))
    )
  ];
}

/** The runs by the values of a column; those without one last, whatever the direction. Equal ones keep their order. */
export function sorted(
  runs: readonly schema.RunSummary[],
  columns: readonly IColumn[],
  sorting: ISorting | null
): readonly schema.RunSummary[] {
  const by = columns.find(one => one.key === sorting?.key);
  if (!by || !sorting) {
    return runs;
  }
  const sign = sorting.descending ? -1 : 1;
  return runs
    .map((run, place) => ({ run, value: by.values[place] ?? null }))
    .sort((one, other) => {
      if (one.value === null || other.value === null) {
        return Number(one.value === null) - Number(other.value === null);
      }
      return sign * compared(one.value, other.value);
    })
    .map(({ run }) => run);
}

function compared(one: unknown, other: unknown): number {
  if (typeof one === 'number' && typeof other === 'number') {
    return one - other;
  }
  return text(one).localeCompare(text(other), undefined, { numeric: true });
}

function named(
  kind: ColumnKind,
  runs: readonly schema.RunSummary[],
  of: (run: schema.RunSummary) => Record<string, unknown>
): IColumn[] {
  const names = new Set(runs.flatMap(run => Object.keys(of(run))));
  return [...names].map(name =>
    column(
      kind,
      name,
      runs.map(run => (Object.hasOwn(of(run), name) ? of(run)[name] : undefined))
    )
  );
}

function column(kind: ColumnKind, name: string, values: readonly unknown[]): IColumn {
  const present = values.filter(value => value !== undefined && value !== null);
  return {
    key: `${kind}:${name}`,
    kind,
    name,
    values,
    differs: new Set(values.map(text)).size > 1,
    numeric: present.length > 0 && present.every(value => typeof value === 'number')
  };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
