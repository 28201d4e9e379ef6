import { Notification } from '@jupyterlab/apputils';
import type { Cell } from '@jupyterlab/cells';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';

import type { IPipelineModel, IPipelines, IPolicy } from '../tokens';
import { explain } from '../ui/explain';
import { nextProblem } from './next-problem';
import { selectedCodeCells } from './selection';

export const COMMANDS = {
  tag: 'kfjlab:tag-cell',
  rename: 'kfjlab:rename-step',
  clear: 'kfjlab:clear-tags',
  undo: 'kfjlab:undo-tagging',
  redo: 'kfjlab:redo-tagging',
  next: 'kfjlab:next-problem'
} as const;

interface IParts {
  commands: CommandRegistry;
  pipelines: IPipelines;
  policy: IPolicy;
  /** Where an editor of a cell stands. */
  anchorOf: (model: IPipelineModel, cell: Cell) => Element;
  trans: TranslationBundle;
}

/** The commands of tagging, for the notebook in use. */
export function addCommands({ commands, pipelines, policy, anchorOf, trans }: IParts): void {
  const none = { type: 'object', properties: {} } as const;
  const cells = () => (pipelines.current ? selectedCodeCells(pipelines.current.panel.content) : []);
  const isWritable = () => pipelines.current !== null && !pipelines.current.readOnly;

  commands.addCommand(COMMANDS.tag, {
    label: () =>
      cells().length > 1 ? trans.__('Make %1 Cells a Step…', cells().length) : trans.__('Edit Step of Cell…'),
    caption: trans.__('What the selected cells are in the pipeline'),
    describedBy: { args: none },
    isEnabled: () => cells().length > 0,
    execute: async () => {
      const [model, chosen] = [pipelines.current, cells()];
      const first = chosen[0];
      if (model && first) {
        await open(model, chosen, first);
      }
    }
  });

  const open = async (model: IPipelineModel, chosen: readonly Cell[], first: Cell) => {
    const { openEditor, openNameForm } = await import('./editor/open');
    const anchor = anchorOf(model, model.panel.content.activeCell ?? first);
    if (chosen.length === 1) {
      openEditor({ model, cell: first, anchor, policy, trans });
      return;
    }
    if (model.readOnly) {
      refuse(model);
      return;
    }
    const ids = chosen.map(cell => cell.model.id);
    openNameForm({
      model,
      anchor,
      trans,
      title: trans.__('Step of the %1 selected cells', ids.length),
      initial: '',
      names: stepNames(model),
      edits: name => [{ action: 'set-step', arguments: { cell: ids, name } }]
    });
  };

  commands.addCommand(COMMANDS.rename, {
    label: trans.__('Rename Step…'),
    caption: trans.__('Rename the step of the active cell, everywhere in the notebook'),
    describedBy: {
      args: {
        type: 'object',
        properties: {
          step: { type: 'string', description: trans.__('The step; without it, that of the active cell') }
        }
      }
    },
    isEnabled: args => isWritable() && stepOf(pipelines.current, args.step) !== undefined,
    execute: async args => {
      const model = pipelines.current;
      const step = stepOf(model, args.step);
      if (!model || step === undefined) {
        return;
      }
      const { openNameForm } = await import('./editor/open');
      const { activeCell } = model.panel.content;
      openNameForm({
        model,
        anchor: activeCell ? anchorOf(model, activeCell) : model.panel.toolbar.node,
        trans,
        title: trans.__('New name of the step %1', step),
        initial: step,
        names: [],
        edits: name => (name === step ? [] : [{ action: 'rename-step', arguments: { old: step, new: name } }])
      });
    }
  });

  commands.addCommand(COMMANDS.clear, {
    label: () =>
      cells().length > 1
        ? trans.__('Remove Tags of %1 Cells', cells().length)
        : trans.__('Remove Tags of Cell'),
    caption: trans.__('Remove everything about the pipeline from the selected cells; other tags stay'),
    describedBy: { args: none },
    isEnabled: () => isWritable() && cells().length > 0,
    execute: async () => {
      const edits = cells().map(cell => ({ action: 'clear', arguments: { cell: cell.model.id } }));
      await told(pipelines.current?.edit(edits));
    }
  });

  commands.addCommand(COMMANDS.undo, {
    label: trans.__('Undo Tagging'),
    caption: trans.__('Take the last change of tags back'),
    describedBy: { args: none },
    isEnabled: () => pipelines.current?.canUndo === true,
    execute: () => pipelines.current?.undo()
  });

  commands.addCommand(COMMANDS.redo, {
    label: trans.__('Redo Tagging'),
    caption: trans.__('Make the change of tags again that was taken back last'),
    describedBy: { args: none },
    isEnabled: () => pipelines.current?.canRedo === true,
    execute: () => pipelines.current?.redo()
  });

  commands.addCommand(COMMANDS.next, {
    label: trans.__('Go to Next Problem of the Pipeline'),
    caption: trans.__('Scroll to the next cell that has a problem'),
    describedBy: { args: none },
    isEnabled: () => {
      const view = pipelines.current?.view ?? null;
      return view !== null && nextProblem(view, null) !== undefined;
    },
    execute: async () => {
      const model = pipelines.current;
      const active = model?.panel.content.activeCell?.model.id ?? null;
      const next = model?.view ? nextProblem(model.view, active) : undefined;
      if (next) {
        await model?.reveal(next.cell, next.line);
      }
    }
  });

  const told = async (work: Promise<void> | undefined) => {
    try {
      await work;
    } catch (error) {
      const { what, todo } = explain(error, trans);
      Notification.error(`${what} ${todo}`.trim(), { autoClose: false });
    }
  };
  const refuse = (model: IPipelineModel) => void told(model.edit([]));

  // What the state of commands depends on.
  const changed = () => Object.values(COMMANDS).forEach(id => commands.notifyCommandChanged(id));
  const follow = (model: IPipelineModel | null) => {
    model?.changed.connect(changed);
    changed();
  };
  pipelines.currentChanged.connect((_, model) => follow(model));
  follow(pipelines.current);
}

function stepNames(model: IPipelineModel): string[] {
  return (model.view?.steps ?? [])
    .filter(step => !step.implicit && step.role === 'step')
    .map(step => step.name);
}

/** The step that is meant: the one named, or that of the active cell. Only steps that tags name can be renamed. */
function stepOf(model: IPipelineModel | null, named: unknown): string | undefined {
  const active = model?.panel.content.activeCell?.model.id;
  const step = typeof named === 'string' ? named : model?.view?.cells.find(cell => cell.id === active)?.step;
  return model === null ? undefined : stepNames(model).find(name => name === step);
}
