import type { IColumn } from './compare-model';

/** From values to places between 0 and 1 of an axis, and the ticks on it. */
export interface IAxis {
  place(value: unknown): number | null;
  readonly ticks: readonly { readonly at: number; readonly label: string }[];
}

/** An axis for a column: a scale for numbers, else a place for each different value. */
export function axisOf(column: IColumn, label: (value: unknown) => string): IAxis {
  return column.numeric ? scale(column.values, label) : places(column.values, label);
}

function scale(values: readonly unknown[], label: (value: unknown) => string): IAxis {
  const numbers = values.filter((value): value is number => typeof value === 'number');
  const least = Math.min(...numbers);
  const most = Math.max(...numbers);
  if (least === most) {
    return {
      place: value => (typeof value === 'number' ? 0.5 : null),
      ticks: [{ at: 0.5, label: label(least) }]
    };
  }
  const unit = roundUnit((most - least) / 4);
  const from = Math.floor(least / unit + 1e-9) * unit;
  const to = Math.ceil(most / unit - 1e-9) * unit;
  const count = Math.round((to - from) / unit);
  return {
    place: value => (typeof value === 'number' ? (value - from) / (to - from) : null),
    ticks: Array.from({ length: count + 1 }, (_, n) => ({ at: n / count, label: label(from + n * unit) }))
  };
}

/** The next of 1, 2, 5, 10, … that is not smaller. */
function roundUnit(size: number): number {
  const power = 10 ** Math.floor(Math.log10(size));
  const unit = [1, 2, 5, 10].find(one => one * power >= size * (1 - 1e-9)) ?? 10;
  return unit * power;
}

function places(values: readonly unknown[], label: (value: unknown) => string): IAxis {
  const key = (value: unknown) => JSON.stringify(value) ?? '';
  const present = values.filter(value => value !== undefined && value !== null);
  const different = [...new Map(present.map(value => [key(value), value])).entries()];
  const at = (place: number) => (different.length < 2 ? 0.5 : place / (different.length - 1));
  return {
    place: value => {
      const place = different.findIndex(([one]) => one === key(value));
      return place < 0 ? null : at(place);
    },
    ticks: different.map(([, value], place) => ({ at: at(place), label: label(value) }))
  };
}
