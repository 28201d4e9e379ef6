import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { IServer, ISettings } from '../tokens';
import { fixedValues, restricted, translated } from './schema';
import { Settings } from './settings';

const ID = 'kfjlab:plugin';

/** The user's settings. What they are is in `schema/plugin.json`. */
export const settingsPlugin: JupyterFrontEndPlugin<ISettings> = {
  id: ID,
  description: 'Keeps the settings of kfjlab.',
  autoStart: true,
  provides: ISettings,
  requires: [IServer],
  optional: [ISettingRegistry, ITranslator],
  activate: (
    _: JupyterFrontEnd,
    server: IServer,
    registry: ISettingRegistry | null,
    translator: ITranslator | null
  ): ISettings => {
    const trans = (translator ?? nullTranslator).load('kfjlab');
    const settings = new Settings();
    if (registry) {
      registry.transform(ID, {
        fetch: plugin => ({
          ...plugin,
          schema: restricted(translated(plugin.schema, trans), server.policy, trans)
        }),
        compose: plugin => ({
          ...plugin,
          data: { ...plugin.data, composite: { ...plugin.data.composite, ...fixedValues(server.policy) } }
        })
      });
      registry.load(ID).then(
        found => {
          const read = () => settings.set(found.composite);
          found.changed.connect(read);
          read();
        },
        (error: unknown) => console.error('kfjlab: the settings could not be read.', error)
      );
    }
    return settings;
  }
};
