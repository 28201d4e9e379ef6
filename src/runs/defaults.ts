import type { IPolicy, ISettingValues, RunDefaults } from '../tokens';

type Wanted = Pick<ISettingValues, 'reuseResults' | 'keepGoing' | 'maxParallel'>;

/** How runs go: as the user likes it, within what the administrator allows. */
export function defaultsOf(wanted: Wanted, policy: IPolicy): RunDefaults {
  const option = <T>(name: 'cache' | 'keep_going' | 'max_parallel', value: T) =>
    (policy.fixed(name)?.value ?? value) as T;
  return {
    cache: option('cache', wanted.reuseResults),
    keep_going: option('keep_going', wanted.keepGoing),
    // 0 is as many as there can be, which the server limits.
    max_parallel: option('max_parallel', Math.min(wanted.maxParallel, policy.maxParallel ?? Infinity)),
    target: policy.target ?? 'local'
  };
}
