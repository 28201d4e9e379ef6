import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IPolicy, ISettingValues, RunOption } from '../tokens';

type Schema = ISettingRegistry.ISchema;

/** The settings that are options of runs, which an administrator can fix. */
const OPTIONS: readonly (readonly [keyof ISettingValues, RunOption])[] = [
  ['reuseResults', 'cache'],
  ['keepGoing', 'keep_going'],
  ['maxParallel', 'max_parallel']
];

/**
 * The schema in the user's language. Jupyter's server translates schemas by installed language packs alone; kfjlab brings its own
 * translations, with the contexts that the server uses.
 */
export function translated(schema: Schema, trans: TranslationBundle): Schema {
  const translate = (part: { title?: string; description?: string }, context: string) => {
    for (const key of ['title', 'description'] as const) {
      const text = part[key];
      if (text) {
        // eslint-disable-next-line jupyter/no-dynamic-translation -- scripts/messages finds them in schema/
        part[key] = trans._p(context, text);
      }
    }
  };
  const copy = structuredClone(schema);
  translate(copy, 'schema');
  for (const property of Object.values(copy.properties ?? {})) {
    translate(property, 'settings');
    for (const choice of (property.oneOf ?? []) as { title?: string }[]) {
      translate(choice, 'settings');
    }
  }
  return copy;
}

/** The values that the administrator has fixed, whatever a user has set before. */
export function fixedValues(policy: IPolicy): Partial<ISettingValues> {
  return Object.fromEntries(
    OPTIONS.flatMap(([name, option]) => {
      const fixed = policy.fixed(option);
      return fixed ? [[name, fixed.value]] : [];
    })
  );
}

/** The schema with what the administrator has decided: what is fixed cannot be changed, and both say why. */
export function restricted(schema: Schema, policy: IPolicy, trans: TranslationBundle): Schema {
  const copy = structuredClone(schema);
  const say = (property: { description?: string }, why: string) => {
    const note = trans.__('Locked: %1', why);
    property.description = [property.description, note].filter(Boolean).join(' ');
  };
  for (const [name, option] of OPTIONS) {
    const property = copy.properties?.[name];
    const fixed = policy.fixed(option);
    if (property && fixed) {
      property.default = fixed.value as boolean | number;
      property.readOnly = true;
      say(property, fixed.why);
    } else if (property && option === 'max_parallel' && policy.maxParallel !== null) {
      say(property, [trans.__('At most %1 on this server.', policy.maxParallel), policy.reason].join(' '));
    }
  }
  const off = policy.whyOff('delete');
  const confirm = copy.properties?.confirmDelete;
  if (off !== null && confirm) {
    say(confirm, off);
  }
  return copy;
}
