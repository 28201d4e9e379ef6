import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { IRuns, IRunsView, IServer, ISettings } from '../tokens';
import { pipelineIcon } from '../ui/icons';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- small, and shared by all views
import { RunActions } from './actions';
import { CurrentNotebook } from './current';
import type { RunPage } from './page';
import { Pages } from './pages';
import { COMMANDS, Places } from './places';
import { type IShown, isTab } from './shown';

/** The list of runs, a run's page, and runs beside each other. What they need is loaded when one is asked for. */
export const runViewsPlugin: JupyterFrontEndPlugin<IRunsView> = {
  id: 'kfjlab:run-views',
  description: 'Lists, shows and compares runs.',
  autoStart: true,
  provides: IRunsView,
  requires: [IServer, ISettings, IRuns, INotebookTracker, IRenderMimeRegistry],
  optional: [ILayoutRestorer, ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    server: IServer,
    settings: ISettings,
    runs: IRuns,
    tracker: INotebookTracker,
    rendermime: IRenderMimeRegistry,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ): IRunsView => {
    const trans = (translator ?? nullTranslator).load('kfjlab');
    const { commands, serviceManager } = app;
    const places = new Places(app, tracker, trans);
    const current = new CurrentNotebook(tracker, serviceManager.contents);
    const actions = new RunActions(server.client, runs, server.policy, settings, trans, {
      compare: ids => void commands.execute(COMMANDS.compare, { ids: [...ids] }),
      notebook: path => places.notebook(path),
      runAgain: parameters => commands.execute('kfjlab:run', { parameters: parameters as never })
    });

    const view: IRunsView = {
      create: async () => {
        const { createList } = await import('./list');
        return createList({ server, actions, current, trans });
      }
    };

    const lists = new Pages<Record<string, never>>(app, restorer, {
      command: COMMANDS.openRuns,
      id: () => 'kfjlab-runs',
      create: async () => {
        const list = await view.create();
        list.title.icon = pipelineIcon;
        list.title.label = trans.__('Runs');
        return list;
      }
    });
    commands.addCommand(COMMANDS.openRuns, {
      label: trans.__('Open Runs'),
      caption: trans.__('List the runs of all notebooks in the main area'),
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => lists.open({})
    });

    const pages = new Pages<{ id: string; step?: string; tab?: string }, RunPage>(app, restorer, {
      command: COMMANDS.openRun,
      id: ({ id }) => `kfjlab-run-${id}`,
      create: async ({ id }) => {
        const { createPage } = await import('./page');
        return createPage({ id, server, runs, actions, rendermime, trans });
      },
      follow: (page, changed) =>
        page.shownChanged.connect(() => {
          const { tab, step } = page.shown;
          changed({ id: page.run, tab, ...(step === null ? {} : { step }) });
        })
    });
    commands.addCommand(COMMANDS.openRun, {
      label: trans.__('Open Run'),
      caption: trans.__('Show a run: its steps, logs, results and metrics'),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            id: { type: 'string', description: trans.__('The run’s id') },
            step: { type: 'string', description: trans.__('The step to show') },
            tab: { type: 'string', description: trans.__('The part of the page to show, such as logs') }
          },
          required: ['id']
        }
      },
      isVisible: args => typeof args.id === 'string',
      execute: async args => {
        const page = await pages.open({ id: args.id as string });
        page.content.turnTo(shownBy(args));
        return page;
      }
    });

    const comparisons = new Pages<{ ids: string[] }>(app, restorer, {
      command: COMMANDS.compare,
      id: ({ ids }) => `kfjlab-compare-${ids.join('-')}`,
      create: async ({ ids }) => {
        const { createComparison } = await import('./compare');
        return createComparison({ ids, server, open: id => runs.open(id), trans });
      }
    });
    commands.addCommand(COMMANDS.compare, {
      label: trans.__('Compare Runs'),
      caption: trans.__('Show parameters and metrics of runs beside each other'),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            ids: { type: 'array', items: { type: 'string' }, description: trans.__('The runs’ ids') }
          },
          required: ['ids']
        }
      },
      isVisible: args => Array.isArray(args.ids),
      execute: args => comparisons.open({ ids: args.ids as string[] })
    });

    palette?.addItem({ command: COMMANDS.openRuns, category: trans.__('Kubeflow') });
    return view;
  }
};

/** What the arguments of a command ask to be shown of a run. */
function shownBy({ tab, step }: ReadonlyPartialJSONObject): Partial<IShown> {
  return {
    ...(typeof step === 'string' && { step }),
    ...(isTab(tab) && { tab })
  };
}
