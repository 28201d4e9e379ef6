import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import { nullTranslator, type TranslationBundle } from '@jupyterlab/translation';

import { decisionsOf, Policy } from '../../server/policy';
import { fixedValues, restricted, translated } from '../schema';
import { DEFAULTS, Settings } from '../settings';

const SCHEMA = jest.requireActual<ISettingRegistry.ISchema>('../../../schema/plugin.json');
const trans = nullTranslator.load('kfjlab');
const properties = SCHEMA.properties ?? {};

const policy = (decided: object) =>
  new Policy(decisionsOf(JSON.stringify(decided)), () => Promise.reject(new Error()), trans);

describe('the settings', () => {
  it('are those of the schema, with its defaults', () => {
    expect(
      Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, property.default]))
    ).toEqual(DEFAULTS);
  });

  it('tell of changes, and are the defaults where nothing is set', () => {
    const settings = new Settings();
    const changed = jest.fn();
    settings.changed.connect(changed);
    settings.set({ redrawDelay: 500 });
    expect(settings.value).toEqual({ ...DEFAULTS, redrawDelay: 500 });
    settings.set({});
    expect(settings.value).toEqual(DEFAULTS);
    expect(changed).toHaveBeenCalledTimes(2);
  });

  it('are all described', () => {
    for (const property of Object.values(properties)) {
      expect(property.title).toBeTruthy();
      expect(property.description).toBeTruthy();
    }
  });
});

describe('the schema', () => {
  it('is translated with the contexts of the server', () => {
    const german = { _p: (context: string, text: string) => `${context}: ${text}` } as TranslationBundle;
    const schema = translated(SCHEMA, german);
    expect(schema.title).toBe('schema: Kubeflow');
    expect(schema.properties?.graphDirection?.title).toBe('settings: Direction of graphs');
    const choices = (schema.properties?.graphDirection?.oneOf ?? []) as object[];
    expect(choices.flatMap(choice => Object.values(choice) as unknown[])).toEqual([
      'down',
      'settings: Downwards',
      'right',
      'settings: To the right'
    ]);
    expect(SCHEMA.title).toBe('Kubeflow');
  });

  it('shows what is fixed as it is, with the reason, and does not let it be changed', () => {
    const schema = restricted(
      SCHEMA,
      policy({ locks: { cache: false }, max_parallel: 4, features: { delete: false }, reason: 'Ask us.' }),
      trans
    );
    expect(schema.properties?.reuseResults).toMatchObject({ default: false, readOnly: true });
    expect(schema.properties?.reuseResults?.description).toContain('Locked: Fixed on this server. Ask us.');
    expect(schema.properties?.maxParallel?.description).toContain('At most 4 on this server. Ask us.');
    expect(schema.properties?.confirmDelete?.description).toContain('cannot be deleted');
    expect(schema.properties?.keepGoing).toEqual(properties.keepGoing);
  });

  it('has the values that are fixed', () => {
    expect(fixedValues(policy({ locks: { cache: false, kernel: null } }))).toEqual({ reuseResults: false });
  });

  it('is left alone where nothing is decided', () => {
    expect(restricted(SCHEMA, policy({}), trans)).toEqual(SCHEMA);
  });
});
