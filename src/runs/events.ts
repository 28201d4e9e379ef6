import type * as schema from '../api/schema';

const STEP_STATES: readonly schema.StepState[] = [
  'waiting',
  'running',
  'succeeded',
  'failed',
  'cancelled',
  'skipped'
];
const RUN_STATES: readonly schema.RunState[] = [
  'queued',
  'running',
  'succeeded',
  'failed',
  'cancelled',
  'interrupted'
];

/** Whether nothing more happens in a run unless it is resumed. */
export function isOver(state: schema.RunState): boolean {
  return state !== 'queued' && state !== 'running';
}

/** Whether a step's attempt has come to an end. */
export function hasEnded(state: schema.StepState): boolean {
  return state !== 'waiting' && state !== 'running';
}

/** A run after an event. Events that it knows already change nothing, so they may be given again. */
export function applied(detail: schema.RunDetail, event: schema.RunEvent): schema.RunDetail {
  const after = { ...detail, offset: Math.max(detail.offset, event.offset) };
  const data = event.data ?? {};
  switch (event.kind) {
    case 'run': {
      const state = oneOf(RUN_STATES, data.state);
      return state ? { ...after, summary: runIn(detail.summary, state, event.time) } : after;
    }
    case 'step': {
      const state = oneOf(STEP_STATES, data.state);
      if (!state) {
        return after;
      }
      const steps = detail.steps.map(step =>
        step.name === event.step ? stepIn(step, state, data, event.time) : step
      );
      return { ...after, steps, summary: { ...detail.summary, steps: counted(steps) } };
    }
    case 'metrics': {
      const metrics = { ...detail.summary.metrics, ...(data as schema.RunSummary['metrics']) };
      return { ...after, summary: { ...detail.summary, metrics } };
    }
    default:
      return after;
  }
}

/** The cell that a step is at, told by its index in the notebook: its place among the step's cells, from 1. */
export function placeOf(step: schema.StepRunView, index: unknown): { cell: number; of: number } | undefined {
  const place = typeof index === 'number' ? step.indices.indexOf(index) : -1;
  return place < 0 ? undefined : { cell: place + 1, of: step.indices.length };
}

function runIn(run: schema.RunSummary, state: schema.RunState, time: number): schema.RunSummary {
  return {
    ...run,
    state,
    started: run.started ?? (state === 'running' ? time : null),
    ended: isOver(state) ? (run.ended ?? time) : null
  };
}

function stepIn(
  step: schema.StepRunView,
  state: schema.StepState,
  data: Record<string, unknown>,
  time: number
): schema.StepRunView {
  const attempt = typeof data.attempt === 'number' ? data.attempt : step.attempt;
  const cached = typeof data.cached === 'boolean' ? data.cached : hasEnded(state) && step.cached;
  const same = attempt === step.attempt;
  const seconds = typeof data.seconds === 'number' ? data.seconds : step.seconds;
  return {
    ...step,
    state,
    cached,
    attempt,
    started:
      state === 'waiting'
        ? null
        : state === 'running' && !same
          ? time
          : (step.started ?? startOf(state, time)),
    // When a reused record was made only the whole run tells.
    ended: hasEnded(state) && !cached ? (same && step.ended) || time : null,
    seconds: hasEnded(state) ? seconds : null,
    error: 'error' in data ? faultOf(data.error) : step.error
  };
}

/** When a step began of which nothing else is known. */
function startOf(state: schema.StepState, time: number): number | null {
  return state === 'running' ? time : null;
}

function faultOf(error: unknown): schema.StepFault | null {
  if (typeof error !== 'object' || error === null) {
    return null;
  }
  const fault = error as Record<string, unknown>;
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  const number = (value: unknown) => (typeof value === 'number' ? value : null);
  return {
    kind: text(fault.kind),
    message: text(fault.message),
    cell: number(fault.cell),
    line: number(fault.line),
    fix: text(fault.fix) || null,
    traceback: text(fault.traceback)
  };
}

function counted(steps: readonly schema.StepRunView[]): schema.RunSummary['steps'] {
  const counts: Partial<Record<schema.StepState, number>> = {};
  for (const { state } of steps) {
    counts[state] = (counts[state] ?? 0) + 1;
  }
  return counts;
}

function oneOf<T extends string>(known: readonly T[], value: unknown): T | undefined {
  return known.find(one => one === value);
}
