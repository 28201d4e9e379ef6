import type * as schema from '../api/schema';
import { problemsByCell } from './cells';

/** A place in a notebook that has a problem. */
export interface IPlace {
  cell: string;
  line?: number;
}

/**
 * The place of the next problem behind a cell (null: from the start), errors first: others are only visited when there are no errors.
 * Undefined when no problem has a place.
 */
export function nextProblem(view: schema.PipelineView, after: string | null): IPlace | undefined {
  const found = problemsByCell(view);
  const grave = view.cells.filter(cell => found.get(cell.id)?.some(problem => problem.severity === 'error'));
  const cells = grave.length > 0 ? grave : view.cells.filter(cell => found.has(cell.id));
  const at = view.cells.findIndex(cell => cell.id === after);
  const next = cells.find(cell => view.cells.indexOf(cell) > at) ?? cells[0];
  if (!next) {
    return undefined;
  }
  const problems = found.get(next.id) ?? [];
  const problem = problems.find(one => one.severity === 'error') ?? problems[0];
  return { cell: next.id, ...(typeof problem?.line === 'number' ? { line: problem.line } : {}) };
}
