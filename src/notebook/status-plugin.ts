import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { IPipelines } from '../tokens';
import { Status } from './status';

/** How the pipeline of the notebook in use stands, in the status bar. */
export const statusPlugin: JupyterFrontEndPlugin<void> = {
  id: 'kfjlab:status',
  description: 'Shows steps and problems of the notebook in use in the status bar.',
  autoStart: true,
  requires: [IPipelines],
  optional: [IStatusBar, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    pipelines: IPipelines,
    statusBar: IStatusBar | null,
    translator: ITranslator | null
  ) => {
    if (!statusBar) {
      return;
    }
    const item = new Status(
      pipelines,
      () => void app.commands.execute('kfjlab:next-problem'),
      (translator ?? nullTranslator).load('kfjlab')
    );
    statusBar.registerStatusItem('kfjlab:status', {
      item,
      align: 'left',
      rank: 4,
      isActive: () => item.isActive,
      activeStateChanged: item.activeStateChanged
    });
  }
};
