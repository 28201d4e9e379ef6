import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { explain } from '../ui/explain';
import { pipelineIcon } from '../ui/icons';
import { lockable } from '../ui/lockable';
import type { Feature } from '../tokens';
import { type Format, FORMATS } from './formats';
import type { Session } from './session';
import type { ITools } from './tools';

export const COMMANDS = {
  showPanel: 'kfjlab:show-panel',
  openGraph: 'kfjlab:open-graph',
  exportGraph: 'kfjlab:export-graph',
  run: 'kfjlab:run',
  runFrom: 'kfjlab:run-from-step',
  openStep: 'kfjlab:open-step',
  loadStep: 'kfjlab:load-step',
  suggest: 'kfjlab:suggest-steps'
} as const;

/** What commands do outside of the session of a notebook. */
export interface IEffects {
  showPanel(): void;
  openGraph(path: string): Promise<void>;
  /** Tell of something that could not be done. */
  tell(message: string, fix: string): void;
}

export function addCommands(app: JupyterFrontEnd, tools: ITools, effects: IEffects): void {
  const { commands } = app;
  const { pipelines, sessions, client, policy, settings, trans } = tools;
  const current = (): Session | null => (pipelines.current ? sessions.of(pipelines.current) : null);
  pipelines.currentChanged.connect(() => sessions.use(null));
  /** That of the graph whose context menu is open, else that of the notebook in use. */
  const session = (): Session | null => sessions.used ?? current();
  const step = (): string | null => session()?.selected ?? null;
  const nothing = { type: 'object', properties: {} } as const;
  const exportLabels: Record<Format, string> = {
    svg: trans.__('Export Graph as SVG'),
    png: trans.__('Export Graph as PNG'),
    mermaid: trans.__('Export Graph as Mermaid'),
    python: trans.__('Export Pipeline as a Python Script')
  };
  const hasNotebook = () => pipelines.current !== null;
  /** Add a command that an administrator can switch off. */
  const addLockable = (id: string, feature: Feature, options: CommandRegistry.ICommandOptions) =>
    commands.addCommand(
      id,
      lockable(options, feature, policy, why => effects.tell(why, ''), trans)
    );
  policy.changed.connect(() => Object.values(COMMANDS).forEach(id => commands.notifyCommandChanged(id)));

  commands.addCommand(COMMANDS.showPanel, {
    label: args => (args.launcher ? trans.__('Pipelines') : trans.__('Show the Kubeflow Panel')),
    caption: trans.__('Make a pipeline of a notebook, run it, look at runs'),
    icon: pipelineIcon,
    describedBy: {
      args: {
        type: 'object',
        properties: { launcher: { type: 'boolean', description: trans.__('As a card') } }
      }
    },
    execute: () => effects.showPanel()
  });

  commands.addCommand(COMMANDS.openGraph, {
    label: trans.__('Open Graph Beside the Notebook'),
    caption: trans.__('Show the pipeline as a graph to the right of the notebook'),
    icon: pipelineIcon,
    describedBy: {
      args: {
        type: 'object',
        properties: {
          path: { type: 'string', description: trans.__('The notebook’s path; the one in use without') }
        }
      }
    },
    isEnabled: args => typeof args.path === 'string' || hasNotebook(),
    execute: async args => {
      const path = typeof args.path === 'string' ? args.path : pipelines.current?.panel.context.path;
      if (path !== undefined) {
        await effects.openGraph(path);
      }
    }
  });

  addLockable(COMMANDS.exportGraph, 'export', {
    label: args => exportLabels[FORMATS.find(one => one === args.format) ?? 'svg'],
    caption: trans.__('Download the pipeline of the notebook in use'),
    describedBy: {
      args: {
        type: 'object',
        properties: {
          format: {
            type: 'string',
            enum: [...FORMATS],
            description: trans.__('The kind of file')
          }
        }
      }
    },
    isEnabled: hasNotebook,
    execute: async args => {
      const shown = session();
      if (shown) {
        const { exportGraph } = await import('./exporting');
        const format = FORMATS.find(one => one === args.format) ?? 'svg';
        try {
          await exportGraph(shown, format, client, settings.value, trans);
        } catch (error) {
          const { what, todo } = explain(error, trans);
          effects.tell(what, todo);
        }
      }
    }
  });

  addLockable(COMMANDS.suggest, 'suggest', {
    label: trans.__('Suggest Steps'),
    caption: trans.__('Propose steps for a notebook that has none'),
    describedBy: { args: nothing },
    isEnabled: () => hasNotebook() && pipelines.current?.readOnly === false,
    execute: async () => {
      effects.showPanel();
      await current()?.suggest();
    }
  });

  addLockable(COMMANDS.run, 'run', {
    label: trans.__('Run Pipeline…'),
    caption: trans.__('Run the notebook in use as a pipeline'),
    describedBy: {
      args: {
        type: 'object',
        properties: {
          parameters: { type: 'object', description: trans.__('Values to fill into the form') }
        }
      }
    },
    isEnabled: () => tools.runs && hasNotebook(),
    execute: async args => {
      effects.showPanel();
      const { parameters } = args;
      if (parameters && typeof parameters === 'object' && !Array.isArray(parameters)) {
        current()?.ask(parameters as ReadonlyPartialJSONObject);
      } else {
        await current()?.run();
      }
    }
  });

  addLockable(COMMANDS.runFrom, 'run', {
    label: trans.__('Run From Here'),
    caption: trans.__('Run this step and all that depend on it again'),
    describedBy: { args: nothing },
    isEnabled: () => tools.runs && step() !== null && pipelines.current?.view?.runnable === true,
    execute: async () => {
      const name = step();
      if (name !== null) {
        effects.showPanel();
        await session()?.runFrom(name);
      }
    }
  });

  /** The newest run of the notebook, if this step has begun in it. */
  const ran = (name: string | null) => {
    const latest = session()?.latest?.detail;
    const found = latest?.steps.find(one => one.name === name);
    return latest && found && (found.attempt > 0 || found.state === 'succeeded')
      ? { run: latest.summary.id, step: found }
      : null;
  };

  commands.addCommand(COMMANDS.openStep, {
    label: trans.__('Open Step'),
    caption: trans.__('Open the cells of the step as they were executed'),
    describedBy: { args: nothing },
    isEnabled: () => ran(step()) !== null,
    execute: () => {
      const found = ran(step());
      if (found) {
        session()?.runs?.openStep(found.run, found.step.name);
      }
    }
  });

  commands.addCommand(COMMANDS.loadStep, {
    label: args =>
      args.when === 'before' ? trans.__('Load Variables Before It') : trans.__('Load Variables After It'),
    caption: trans.__('Put the variables of the step into the notebook’s kernel'),
    describedBy: {
      args: {
        type: 'object',
        properties: {
          when: { type: 'string', enum: ['before', 'after'], description: trans.__('As they were then') }
        }
      }
    },
    isEnabled: args => {
      const found = ran(step());
      return found !== null && (args.when === 'before' || found.step.state === 'succeeded');
    },
    execute: async args => {
      const found = ran(step());
      if (found) {
        await session()?.load(found.step.name, args.when === 'before' ? 'before' : 'after');
      }
    }
  });
}
