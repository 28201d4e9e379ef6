import { nullTranslator } from '@jupyterlab/translation';

import type * as schema from '../../api/schema';
import { defaultsOf } from '../../runs/defaults';
import { type Decisions, decisionsOf, Policy } from '../policy';

const trans = nullTranslator.load('kfjlab');
const NEW: schema.Policy = {
  targets: ['local'],
  forbidden_targets: [],
  images: [],
  max_parallel: null,
  max_memory: null,
  features: {},
  locks: [],
  reason: ''
};
const WANTED = { reuseResults: true, keepGoing: false, maxParallel: 0 };

function policy(decided: Partial<Decisions> = {}, now: Partial<schema.Policy> = {}) {
  const ask = jest.fn(async () => ({ ...NEW, ...now }));
  return { ask, policy: new Policy(decisionsOf(JSON.stringify(decided)), ask, trans) };
}

describe('a policy', () => {
  it('allows everything where nobody has decided anything', () => {
    for (const option of ['', '{}']) {
      const free = new Policy(decisionsOf(option), () => Promise.reject(new Error()), trans);
      expect(free.whyOff('run')).toBeNull();
      expect(free.fixed('cache')).toBeNull();
      expect([free.images, free.maxMemory, free.maxParallel, free.target]).toEqual([[], null, null, 'local']);
    }
  });

  it('tells what is off, with the reason', () => {
    const { policy: told } = policy({ features: { delete: false, run: true }, reason: 'Ask the team.' });
    expect(told.whyOff('delete')).toBe('Runs cannot be deleted on this server. Ask the team.');
    expect(told.whyOff('run')).toBeNull();
    const { policy: silent } = policy({ features: { export: false } });
    expect(silent.whyOff('export')).toContain('The administrator');
  });

  it('tells what is fixed, also to a value that says nothing', () => {
    const { policy: told } = policy({ locks: { cache: false, kernel: null }, reason: 'Why.' });
    expect(told.fixed('cache')).toEqual({ value: false, why: 'Fixed on this server. Why.' });
    expect(told.fixed('kernel')?.value).toBeNull();
    expect(told.fixed('keep_going')).toBeNull();
  });

  it('lets runs happen where they may', async () => {
    const { policy: told } = policy(
      { targets: ['cluster'] },
      { targets: ['cluster'], forbidden_targets: ['local'], reason: 'Costs.' }
    );
    expect(told.target).toBeNull();
    expect(told.whyOff('run')).toContain('only on cluster');
    await told.know();
    expect(told.targets).toEqual([
      { name: 'cluster', why: null },
      { name: 'local', why: 'Runs are not allowed there. Costs.' }
    ]);
    expect(told.target).toBe('cluster');
    expect(told.whyOff('run')).toBeNull();
  });

  it('is asked for once, and anew when something was refused', async () => {
    const { policy: told, ask } = policy({}, { features: { delete: false } });
    const changed = jest.fn();
    told.changed.connect(changed);
    await Promise.all([told.know(), told.know()]);
    expect(ask).toHaveBeenCalledTimes(1);
    expect(told.whyOff('delete')).not.toBeNull();
    await told.refresh();
    expect(ask).toHaveBeenCalledTimes(2);
    expect(changed).toHaveBeenCalledTimes(2);
  });

  it('stays as the page was told when the server cannot be asked', async () => {
    const warned = jest.spyOn(console, 'warn').mockImplementation();
    const told = new Policy(
      decisionsOf(JSON.stringify({ features: { run: false } })),
      () => Promise.reject(new Error('down')),
      trans
    );
    await told.know();
    expect(told.whyOff('run')).not.toBeNull();
    expect(warned).toHaveBeenCalled();
    warned.mockRestore();
  });
});

describe('the defaults of runs', () => {
  it('are what the user likes', () => {
    expect(defaultsOf({ ...WANTED, maxParallel: 3 }, policy().policy)).toEqual({
      cache: true,
      keep_going: false,
      max_parallel: 3,
      target: 'local'
    });
  });

  it('keep to what is fixed and to limits', () => {
    const told = policy({ locks: { cache: false, target: 'cluster' }, max_parallel: 2 }).policy;
    expect(defaultsOf({ ...WANTED, maxParallel: 8 }, told)).toEqual({
      cache: false,
      keep_going: false,
      max_parallel: 2,
      target: 'cluster'
    });
    expect(defaultsOf(WANTED, told).max_parallel).toBe(0);
  });
});
