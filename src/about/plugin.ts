import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Dialog, ICommandPalette, showDialog } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Client } from '../api/client';

const COMMAND = 'kfjlab:about';

/** The command that shows what is installed. Its place in the Help menu is in `schema/about.json`. */
export const aboutPlugin: JupyterFrontEndPlugin<void> = {
  id: 'kfjlab:about',
  description: 'Shows the version of kfjlab and what it runs on.',
  autoStart: true,
  optional: [ICommandPalette, ITranslator],
  activate: (app: JupyterFrontEnd, palette: ICommandPalette | null, translator: ITranslator | null) => {
    const trans = (translator ?? nullTranslator).load('kfjlab');
    const client = new Client(app.serviceManager.serverSettings);

    app.commands.addCommand(COMMAND, {
      label: trans.__('About kfjlab'),
      caption: trans.__('Show the version of kfjlab and what it runs on'),
      describedBy: { args: { type: 'object', properties: {} } },
      execute: async () => {
        const { AboutBody } = await import('./body');
        await showDialog({
          title: trans.__('About kfjlab'),
          body: new AboutBody({ load: () => client.about(), trans }),
          buttons: [Dialog.okButton({ label: trans.__('Close') })]
        });
      }
    });
    palette?.addItem({ command: COMMAND, category: trans.__('Kubeflow') });
  }
};
