import type { PipelineView, Problem } from '../api/schema';
import type { IGraphNode } from '../graph/types';

/** The steps of a pipeline as the graph shows them. */
export function nodesOf(view: PipelineView): IGraphNode[] {
  const found = new Map<string | null, Problem[]>();
  for (const problem of view.problems) {
    const step = stepOf(problem, view);
    found.set(step, [...(found.get(step) ?? []), problem]);
  }
  return view.steps.map(({ name, role, cells }) => {
    const problems = found.get(name) ?? [];
    const count = (severity: Problem['severity']) => problems.filter(one => one.severity === severity).length;
    return { name, role, cells: cells.length, errors: count('error'), warnings: count('warning') };
  });
}

/** The step that a problem is of: the one that it names, else that of its cell. */
export function stepOf(problem: Problem, view: PipelineView): string | null {
  return problem.step ?? view.cells.find(cell => cell.index === problem.cell)?.step ?? null;
}

const ORDER: Record<Problem['severity'], number> = { error: 0, warning: 1, info: 2 };

/** The worst first, then in the order of the notebook. */
export function ordered(problems: readonly Problem[]): Problem[] {
  return [...problems].sort(
    (a, b) =>
      ORDER[a.severity] - ORDER[b.severity] ||
      (a.cell ?? -1) - (b.cell ?? -1) ||
      (a.line ?? 0) - (b.line ?? 0)
  );
}
