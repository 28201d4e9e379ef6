import { applied, placeOf } from '../events';
import { detail, event, step, summary } from './samples';

describe('applied', () => {
  it('takes a step from waiting to its end, and counts', () => {
    let run = applied(detail(), event(11, 'step', { state: 'running', attempt: 1, error: null }, 'load'));
    expect(run.steps[0]).toMatchObject({ state: 'running', attempt: 1, started: 2011, ended: null });
    expect(run.summary.steps).toEqual({ running: 1, waiting: 1 });

    run = applied(
      run,
      event(12, 'step', { state: 'succeeded', cached: false, attempt: 1, seconds: 0.5 }, 'load')
    );
    expect(run.steps[0]).toMatchObject({ state: 'succeeded', started: 2011, ended: 2012, seconds: 0.5 });
    expect(run.offset).toBe(12);
  });

  it('keeps the error, and gives it up with the next attempt', () => {
    const error = { kind: 'KeyError', message: 'x', cell: 3, line: 2, fix: '', traceback: 'T' };
    let run = applied(detail(), event(11, 'step', { state: 'failed', error, seconds: 1 }, 'load'));
    expect(run.steps[0]?.error).toEqual({ ...error, fix: null });
    run = applied(run, event(12, 'step', { state: 'running', attempt: 2, error: null }, 'load'));
    expect(run.steps[0]).toMatchObject({ error: null, attempt: 2, started: 2012, seconds: null });
  });

  it('does not say when a reused record was made', () => {
    const run = applied(
      detail(),
      event(11, 'step', { state: 'succeeded', cached: true, seconds: 3 }, 'load')
    );
    expect(run.steps[0]).toMatchObject({ cached: true, started: null, ended: null, seconds: 3 });
  });

  it('is reused no longer when it runs again', () => {
    const before = detail({ steps: [step('load', { state: 'succeeded', cached: true })] });
    expect(applied(before, event(11, 'step', { state: 'waiting' }, 'load')).steps[0]?.cached).toBe(false);
  });

  it('may be given the same event again', () => {
    const end = event(12, 'step', { state: 'succeeded', cached: false, attempt: 1, seconds: 0.5 }, 'load');
    const once = applied(detail(), end);
    expect(applied(once, { ...end, time: 9999 })).toEqual(once);
  });

  it('ends and resumes the run', () => {
    let run = applied(detail(), event(11, 'run', { state: 'failed' }));
    expect(run.summary).toMatchObject({ state: 'failed', ended: 2011 });
    run = applied(run, event(12, 'run', { state: 'running' }));
    expect(run.summary).toMatchObject({ state: 'running', ended: null, started: 1001 });
  });

  it('adds metrics to those there are', () => {
    const before = detail({ summary: summary({ metrics: { a: 1 } }) });
    expect(applied(before, event(11, 'metrics', { b: 2 })).summary.metrics).toEqual({ a: 1, b: 2 });
  });

  it('passes over what it does not know', () => {
    const before = detail();
    for (const odd of [
      event(11, 'step', { state: 'levitating' }, 'load'),
      event(11, 'step', { state: 'running' }, 'nobody'),
      event(11, 'run', {}),
      event(11, 'novelty', { state: 'failed' })
    ]) {
      const after = applied(before, odd);
      expect(after.steps).toEqual(before.steps);
      expect(after.summary.state).toBe('running');
      expect(after.offset).toBe(11);
    }
  });
});

describe('placeOf', () => {
  it('counts among the cells of the step', () => {
    expect(placeOf(step('load'), 5)).toEqual({ cell: 2, of: 2 });
    expect(placeOf(step('load'), 4)).toBeUndefined();
    expect(placeOf(step('load'), 'x')).toBeUndefined();
  });
});
