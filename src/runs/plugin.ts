import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { RunDrive } from '../api/drive';
import { IRuns, IServer } from '../tokens';
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
  requires: [IServer, INotebookTracker],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    server: IServer,
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
      () => defaultsOf({ cache: true, keep_going: false, max_parallel: 0 }, server.policy),
      trans
    );
  }
};
