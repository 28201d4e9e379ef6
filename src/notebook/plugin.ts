import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { DRIVE } from '../api/drive';
import { IPipelines, IServer, ISettings } from '../tokens';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- what the token provides, needed at once
import { Pipelines } from './pipelines';

/** Open notebooks as pipelines. */
export const pipelinesPlugin: JupyterFrontEndPlugin<IPipelines> = {
  id: 'kfjlab:pipelines',
  description: 'Keeps the pipelines of open notebooks up to date.',
  autoStart: true,
  provides: IPipelines,
  requires: [IServer, ISettings, INotebookTracker],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    server: IServer,
    settings: ISettings,
    tracker: INotebookTracker,
    translator: ITranslator | null
  ): IPipelines => {
    const { contents } = app.serviceManager;
    const pipelines = new Pipelines(tracker, {
      client: server.client,
      path: path => contents.localPath(path),
      counts: path => contents.driveName(path) !== DRIVE,
      quiet: () => settings.value.redrawDelay,
      show: panel => app.shell.activateById(panel.id),
      trans: (translator ?? nullTranslator).load('kfjlab')
    });
    window.addEventListener('online', () => pipelines.refresh());
    return pipelines;
  }
};
