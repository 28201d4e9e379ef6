import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';

import { IServer } from '../tokens';
import { pipelineIcon } from '../ui/icons';
import { lockable } from '../ui/lockable';

const COMMAND = 'kfjlab:import-pipeline';

/** Makes notebooks of Elyra's pipelines. The place of the command in the file browser's menu is in `schema/importing.json`. */
export const importingPlugin: JupyterFrontEndPlugin<void> = {
  id: 'kfjlab:importing',
  description: 'Imports pipelines of Elyra as notebooks.',
  autoStart: true,
  requires: [IServer, IDocumentManager],
  optional: [IFileBrowserFactory, ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    server: IServer,
    manager: IDocumentManager,
    browsers: IFileBrowserFactory | null,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('kfjlab');
    const { contents } = app.serviceManager;
    /** The paths of the files that are selected in the file browser. */
    const selected = (): string[] =>
      [...(browsers?.tracker.currentWidget?.selectedItems() ?? [])].map(item => item.path);

    const options: CommandRegistry.ICommandOptions = {
      label: args =>
        args.selected ? trans.__('Import as a kfjlab Notebook') : trans.__('Import an Elyra Pipeline…'),
      caption: trans.__('Make a notebook of a pipeline of Elyra'),
      icon: args => (args.selected ? pipelineIcon : undefined),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            path: { type: 'string', description: trans.__('The .pipeline file; it is asked for without') },
            selected: {
              type: 'boolean',
              description: trans.__('Take the file that is selected in the file browser')
            }
          }
        }
      },
      isVisible: args => !args.selected || isPipeline(selected()),
      execute: async args => {
        const { Importing } = await import('./importing');
        const importing = new Importing(server.client, manager, trans, translator, path =>
          contents.localPath(path)
        );
        const given = args.selected ? selected()[0] : args.path;
        const path = typeof given === 'string' ? given : await importing.choose();
        if (path) {
          await importing.import(path);
        }
      }
    };
    const tell = (why: string) => void Notification.error(why, { autoClose: false });
    app.commands.addCommand(COMMAND, lockable(options, 'import', server.policy, tell, trans));
    server.policy.changed.connect(() => app.commands.notifyCommandChanged(COMMAND));
    palette?.addItem({ command: COMMAND, category: trans.__('Kubeflow'), args: { isPalette: true } });
  }
};

function isPipeline(paths: readonly string[]): boolean {
  return paths.length === 1 && paths.every(path => path.toLowerCase().endsWith('.pipeline'));
}
