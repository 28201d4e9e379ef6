import type { TranslationBundle } from '@jupyterlab/translation';

import type * as schema from '../api/schema';
import { roleWord } from '../ui/role';
import { type Severity, severityWord, worst } from '../ui/severity';

/** How a code cell stands in the pipeline, as it is shown beside it. */
export interface ICellState {
  readonly role: schema.Role;
  /** The step that it belongs to; null outside of steps. */
  readonly step: string | null;
  /** Why it is that: by a tag of its own, because of the cell above, or by nothing that anybody has said. */
  readonly by: 'tag' | 'above' | 'nothing';
  readonly after: readonly string[];
  readonly problems: readonly schema.Problem[];
}

/** The states of all code cells, by id. Problems of a notebook that nobody has tagged are not shown beside its cells. */
export function cellStates(view: schema.PipelineView): Map<string, ICellState> {
  const implicit = new Set(view.steps.filter(step => step.implicit).map(step => step.name));
  const problems = view.untagged ? new Map<string, schema.Problem[]>() : problemsByCell(view);
  return new Map(
    view.cells.map(cell => {
      const unsaid = view.untagged || cell.role === null || (cell.step !== null && implicit.has(cell.step));
      return [
        cell.id,
        {
          role: cell.role ?? 'step',
          step: cell.step,
          by: cell.tagged ? 'tag' : unsaid ? 'nothing' : 'above',
          after: cell.after,
          problems: problems.get(cell.id) ?? []
        }
      ];
    })
  );
}

/** Problems of code cells, by the cell's id. */
export function problemsByCell(view: schema.PipelineView): Map<string, schema.Problem[]> {
  const ids = new Map(view.cells.map(cell => [cell.index, cell.id]));
  const found = new Map<string, schema.Problem[]>();
  for (const problem of view.problems) {
    const id = typeof problem.cell === 'number' ? ids.get(problem.cell) : undefined;
    if (id !== undefined) {
      found.set(id, [...(found.get(id) ?? []), problem]);
    }
  }
  return found;
}

/** What is written on the chip: the step's name, or the word for the role. */
export function chipText(state: ICellState, trans: TranslationBundle): string {
  if (state.by === 'nothing') {
    return trans.__('Step');
  }
  return state.role === 'step' && state.step !== null ? state.step : roleWord(state.role, trans);
}

/** The state in words, for who does not see the chip and as its tooltip. */
export function chipLabel(state: ICellState, trans: TranslationBundle): string {
  const parts: string[] = [];
  if (state.by === 'nothing') {
    parts.push(
      state.step === null
        ? trans.__('Not part of a step')
        : trans.__('No tag, part of the step %1', state.step)
    );
  } else if (state.role === 'step' && state.step !== null) {
    parts.push(trans.__('Step %1', state.step));
  } else {
    parts.push(roleWord(state.role, trans));
  }
  if (state.by === 'above') {
    parts.push(trans.__('follows the cell above'));
  }
  if (state.after.length > 0) {
    parts.push(trans.__('after %1', state.after.join(', ')));
  }
  parts.push(problemsWord(state.problems, trans));
  return parts.join(', ');
}

/** How many problems there are, and how grave they are. */
export function problemsWord(problems: readonly schema.Problem[], trans: TranslationBundle): string {
  const severity: Severity | undefined = worst(problems);
  if (severity === undefined) {
    return trans.__('no problems');
  }
  const word = severityWord(severity, trans);
  return problems.length === 1
    ? trans.__('1 problem (%1)', word)
    : trans.__('%1 problems (worst: %2)', problems.length, word);
}
