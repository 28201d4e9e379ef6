import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { IPipelines, IRuns, IRunsView, IServer, ISettings } from '../tokens';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- labels of menus, needed at once; what commands do is loaded then
import { addCommands, COMMANDS } from './commands';
import { FORMATS } from './formats';
import { Graphs } from './graphs';
import { KubeflowPanel } from './panel';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- small, and shared by all that is loaded later
import { Session, Sessions } from './session';
import type { ITools } from './tools';

/** The panel of the left bar, and graphs beside notebooks. */
export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: 'kfjlab:panel',
  description: 'Shows the pipeline of the notebook in use, and runs.',
  autoStart: true,
  requires: [IServer, ISettings, IPipelines, INotebookTracker],
  optional: [IRuns, IRunsView, ILayoutRestorer, ILauncher, ICommandPalette, IDefaultFileBrowser, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    server: IServer,
    settings: ISettings,
    pipelines: IPipelines,
    notebooks: INotebookTracker,
    runs: IRuns | null,
    runsView: IRunsView | null,
    restorer: ILayoutRestorer | null,
    launcher: ILauncher | null,
    palette: ICommandPalette | null,
    browser: IDefaultFileBrowser | null,
    translator: ITranslator | null
  ) => {
    const { client, policy } = server;
    const trans = (translator ?? nullTranslator).load('kfjlab');
    const { commands, shell } = app;
    const { contents } = app.serviceManager;
    const tools: ITools = {
      pipelines,
      client,
      policy,
      settings,
      runs: runs !== null,
      trans,
      sessions: new Sessions(
        model => new Session(model, client, runs, settings, path => contents.localPath(path), trans)
      ),
      execute: (command, args) => commands.execute(command, args),
      folder: () => contents.localPath(browser?.model.path ?? '')
    };
    const panel = new KubeflowPanel(async () => {
      const { PanelBody } = await import('./body');
      return new PanelBody(tools, runsView);
    }, trans);
    shell.add(panel, 'left', { rank: 600, type: 'Kubeflow' });
    restorer?.add(panel, panel.id);

    const graphs = new Graphs(app, notebooks, tools);
    addCommands(app, tools, {
      showPanel: () => shell.activateById(panel.id),
      openGraph: path => graphs.open(path),
      tell: (message, fix) =>
        void Notification.error(fix ? `${message} ${fix}` : message, { autoClose: false })
    });
    if (restorer) {
      graphs.restore(restorer, COMMANDS.openGraph);
    }

    const category = trans.__('Kubeflow');
    launcher?.add({ command: COMMANDS.showPanel, category, rank: 0, args: { launcher: true } });
    for (const command of [COMMANDS.showPanel, COMMANDS.openGraph, COMMANDS.run, COMMANDS.suggest]) {
      palette?.addItem({ command, category, args: { isPalette: true } });
    }
    for (const format of FORMATS) {
      palette?.addItem({ command: COMMANDS.exportGraph, args: { format, isPalette: true }, category });
    }
  }
};
