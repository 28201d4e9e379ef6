import type { IPolicy, RunDefaults } from '../tokens';

/** How runs go: as the user likes it, within what the administrator allows. */
export function defaultsOf(
  wanted: Pick<RunDefaults, 'cache' | 'keep_going' | 'max_parallel'>,
  policy: IPolicy
): RunDefaults {
  const fixed = Object.fromEntries(
    (['cache', 'keep_going', 'max_parallel'] as const).flatMap(option => {
      const found = policy.fixed(option);
      return found ? [[option, found.value]] : [];
    })
  ) as Partial<RunDefaults>;
  const all = { ...wanted, ...fixed };
  const limit = policy.maxParallel;
  return {
    ...all,
    // 0 is as many as there can be, which the server limits.
    max_parallel: limit === null ? all.max_parallel : Math.min(all.max_parallel, limit),
    target: policy.target ?? 'local'
  };
}
