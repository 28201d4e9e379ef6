import type * as schema from '../../api/schema';

/** An analysis: that of an empty notebook but for what is given. */
export function view(values: Partial<schema.PipelineView> = {}): schema.PipelineView {
  return {
    name: 'a',
    description: '',
    experiment: null,
    kernel: 'python3',
    untagged: false,
    runnable: true,
    cells: [],
    steps: [],
    edges: [],
    parameters: [],
    problems: [],
    ...values
  };
}
