import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTools } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { IPipelines, IServer } from '../tokens';
import { CellTool } from './cell-tool';

/** The editor of the active cell, in the property inspector. */
export const inspectorPlugin: JupyterFrontEndPlugin<void> = {
  id: 'kfjlab:inspector',
  description: 'Shows in the property inspector what the active cell is in the pipeline.',
  autoStart: true,
  requires: [IServer, IPipelines, INotebookTools],
  optional: [ITranslator],
  activate: (
    _: JupyterFrontEnd,
    server: IServer,
    pipelines: IPipelines,
    tools: INotebookTools,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('kfjlab');
    const section = 'kfjlab';
    tools.addSection({
      sectionName: section,
      label: trans.__('Kubeflow Pipeline'),
      rank: 1
    });
    const tool = new CellTool(pipelines, server.policy, trans);
    tools.addItem({ tool, section, rank: 1 });
    tool.unfold();
  }
};
