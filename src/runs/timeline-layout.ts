import type * as schema from '../api/schema';

export interface IBar {
  readonly step: schema.StepRunView;
  /** Per cent of the width; null when the step took no time of this run: it waits, was skipped or reused. */
  readonly left: number | null;
  readonly width: number;
  readonly seconds: number | null;
}

export interface ITimeline {
  readonly bars: readonly IBar[];
  /** Seconds from the start of the run to the right edge. */
  readonly span: number;
  readonly ticks: readonly { readonly at: number; readonly seconds: number }[];
}

/** Where the bars of a run's steps are; `now` in Unix seconds. A run that was resumed begins where its first step that is shown did. */
export function timelineOf(detail: schema.RunDetail, now: number): ITimeline {
  const own = detail.steps.filter(step => step.started !== null && !step.cached);
  const start = Math.min(...own.map(step => step.started ?? Infinity), detail.summary.started ?? Infinity);
  const end = Math.max(...own.map(step => step.ended ?? now), detail.summary.ended ?? now);
  const span = Math.max(0.1, Number.isFinite(start) ? end - start : 0);
  const bars = detail.steps.map(step => {
    if (step.started === null || step.cached) {
      return { step, left: null, width: 0, seconds: step.seconds };
    }
    const seconds = Math.max(0, (step.ended ?? now) - step.started);
    const left = Math.min(100, (100 * (step.started - start)) / span);
    return { step, left, width: Math.min(100 - left, (100 * seconds) / span), seconds };
  });
  return { bars, span, ticks: ticksOf(span) };
}

const NICE = [
  0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400
];

/** At most six round times. */
function ticksOf(span: number): ITimeline['ticks'] {
  const unit = NICE.find(one => span / one <= 6) ?? Math.ceil(span / 6 / 86_400) * 86_400;
  const count = Math.floor(span / unit);
  return Array.from({ length: count + 1 }, (_, place) => ({
    at: (100 * place * unit) / span,
    seconds: place * unit
  }));
}
