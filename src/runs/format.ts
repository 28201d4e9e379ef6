import type { TranslationBundle } from '@jupyterlab/translation';

import type * as schema from '../api/schema';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A time that has passed, as people say it; `now` and `time` are Unix seconds. Of more than a month ago: the date. */
export function ago(time: number, now: number, trans: TranslationBundle): string {
  const seconds = Math.max(0, now - time);
  if (seconds < 45) {
    return trans.__('just now');
  }
  if (seconds < HOUR) {
    return trans.__('%1 min ago', Math.max(1, Math.floor(seconds / MINUTE)));
  }
  if (seconds < DAY) {
    return trans.__('%1 h ago', Math.floor(seconds / HOUR));
  }
  if (seconds < 30 * DAY) {
    return trans._n('%1 day ago', '%1 days ago', Math.floor(seconds / DAY));
  }
  return new Date(time * 1000).toLocaleDateString();
}

/** Date and time of day, in the browser's language. */
export function moment(time: number): string {
  return new Date(time * 1000).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

/** How long a run has taken, until `now` when it goes on; null when it has not begun. */
export function spent(times: Pick<schema.RunSummary, 'started' | 'ended'>, now: number): number | null {
  return times.started === null ? null : Math.max(0, (times.ended ?? now) - times.started);
}

const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB'];

export function bytes(size: number): string {
  let value = size;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toPrecision(value >= 9.95 ? 3 : 2)} ${UNITS[unit]}`;
}

/** A number as short as it can be without being misleading: six digits. */
export function number(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e15
    ? String(value)
    : String(Number(value.toPrecision(6)));
}

/** A parameter's value or the like, on one line. */
export function valueText(value: unknown): string {
  if (typeof value === 'number') {
    return number(value);
  }
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
