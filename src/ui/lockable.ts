import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';

import type { Feature, IPolicy } from '../tokens';
import { lockIcon } from './icons';

/**
 * A command that an administrator can switch off: then it stays where it is, says why, and does nothing. It is disabled, but for the
 * palette (`args.isPalette`), which hides what is disabled; chosen there, it tells why with `tell`.
 */
export function lockable(
  options: CommandRegistry.ICommandOptions,
  feature: Feature,
  policy: IPolicy,
  tell: (why: string) => void,
  trans: TranslationBundle
): CommandRegistry.ICommandOptions {
  const { label, icon, isEnabled, execute } = options;
  const valueOf = <T>(
    option: T | CommandRegistry.CommandFunc<T>,
    args: Parameters<CommandRegistry.CommandFunc<T>>[0]
  ) => (typeof option === 'function' ? (option as CommandRegistry.CommandFunc<T>)(args) : option);
  return {
    ...options,
    label: args => {
      const why = policy.whyOff(feature);
      const text = valueOf(label ?? '', args);
      return why === null ? text : trans.__('%1 (locked: %2)', text, why);
    },
    icon: args => (policy.whyOff(feature) === null ? valueOf(icon, args) : lockIcon),
    isEnabled: args =>
      policy.whyOff(feature) === null ? (isEnabled?.(args) ?? true) : args.isPalette === true,
    execute: args => {
      const why = policy.whyOff(feature);
      return why === null ? (execute(args) as unknown) : tell(why);
    }
  };
}
