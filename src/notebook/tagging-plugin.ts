import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { IPipelines, IServer, ISettings } from '../tokens';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- chips are there when a notebook is first drawn
import { Chips } from './chips';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- commands are there from the start; what they open is not
import { addCommands, COMMANDS } from './commands';

/** Chips in cells, and the commands of tagging. Their shortcuts and places in menus are in `schema/tagging.json`. */
export const taggingPlugin: JupyterFrontEndPlugin<void> = {
  id: 'kfjlab:tagging',
  description: 'Shows in each cell what it is in the pipeline, and changes that.',
  autoStart: true,
  requires: [IServer, ISettings, IPipelines],
  optional: [ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    server: IServer,
    settings: ISettings,
    pipelines: IPipelines,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('kfjlab');
    const chips = new WeakMap<NotebookPanel, Chips>();

    app.docRegistry.addWidgetExtension('Notebook', {
      createNew: (panel: NotebookPanel) => {
        const model = pipelines.of(panel);
        if (!model) {
          return;
        }
        const own = new Chips(
          panel,
          model,
          cell => {
            panel.content.activeCellIndex = panel.content.widgets.indexOf(cell);
            panel.content.deselectAll();
            void app.commands.execute(COMMANDS.tag);
          },
          settings,
          trans
        );
        chips.set(panel, own);
        return own;
      }
    });

    addCommands({
      commands: app.commands,
      pipelines,
      policy: server.policy,
      anchorOf: (model, cell) => {
        const chip = settings.value.showChips ? chips.get(model.panel)?.of(cell) : undefined;
        return chip?.button ?? cell.node;
      },
      trans
    });
    for (const command of Object.values(COMMANDS)) {
      palette?.addItem({ command, category: trans.__('Kubeflow') });
    }
  }
};
