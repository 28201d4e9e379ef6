import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { RunDrive } from '../api/drive';
import { IRuns, IServer, ISettings } from '../tokens';
import { defaultsOf } from './defaults';
import { ExecutedNotebooks } from './executed';
import { Latest } from './latest';
import { Places } from './places';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- what the token provides, needed at once
import { Runs } from './runs';

/** Runs, started and followed from anywhere; what a step has executed can be opened as a notebook. */
export const runsPlugin: JupyterFrontEndPlugin<IRuns> = {
  id: 'kfjlab:runs',
  description: 'Starts and follows runs of pipelines, and opens what their steps have executed.',
  autoStart: true,
  provides: IRuns,
  requires: [IServer, ISettings, INotebookTracker],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    server: IServer,
    settings: ISettings,
    tracker: INotebookTracker,
    translator: ITranslator | null
  ): IRuns => {
    const trans = (translator ?? nullTranslator).load('kfjlab');
    const { contents, serverSettings } = app.serviceManager;
    contents.addDrive(new RunDrive(server.client, trans));
    app.docRegistry.addWidgetExtension('Notebook', new ExecutedNotebooks(contents, trans));
    return new Runs(
      server,
      new Places(app, tracker, trans),
      new Latest(serverSettings.baseUrl),
      () => defaultsOf(settings.value, server.policy),
      () => settings.value.openRunPage,
      trans
    );
  }
};
