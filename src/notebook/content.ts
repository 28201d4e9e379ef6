import type { ISharedNotebook } from '@jupyter/ydoc';

import type * as schema from '../api/schema';

/** Keys of a cell's metadata that say what it is in a pipeline; edits change these alone. */
export const TAG_KEYS: ReadonlySet<string> = new Set(['tags', 'kfjlab', 'kubeflow_notebook']);

/** Keys of a notebook's metadata that its pipeline depends on. */
export const NOTEBOOK_KEYS: ReadonlySet<string> = new Set([...TAG_KEYS, 'kernelspec', 'language_info']);

/** A notebook as requests carry it: as it is now, saved or not, without outputs and the state of widgets. */
export function contentOf(notebook: ISharedNotebook, path: string): schema.Notebook {
  const metadata = notebook.getMetadata();
  delete metadata.widgets;
  return {
    path,
    metadata,
    cells: notebook.cells.map(cell => ({
      id: cell.getId(),
      cell_type: cell.cell_type,
      source: cell.getSource(),
      metadata: cell.getMetadata()
    }))
  };
}
