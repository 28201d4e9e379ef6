import { NotebookModel, type NotebookPanel } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';

// What JupyterLab itself does when it makes cells; it says nothing about a test.
const warn = console.warn;
console.warn = (...texts: unknown[]) => {
  if (!/Invalid access: Add Yjs type|Not same Y\.Doc/.test(texts.join(' '))) {
    warn(...texts);
  }
};

export interface ICellText {
  id: string;
  source?: string;
  tags?: string[];
  type?: 'code' | 'markdown';
}

/** A document with these cells. */
export function notebookModel(cells: readonly ICellText[]): NotebookModel {
  const model = new NotebookModel();
  model.fromJSON({
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {
      kernelspec: { name: 'python3', display_name: 'Python 3' },
      language_info: { name: 'python' }
    },
    cells: cells.map(({ id, source = '', tags, type = 'code' }) => ({
      id,
      cell_type: type,
      source,
      metadata: tags ? { tags } : {},
      ...(type === 'code' ? { outputs: [], execution_count: null } : {})
    }))
  });
  return model;
}

/** As much of a panel as a model needs. */
export function panelOf(model: NotebookModel, contents = { writable: true }): NotebookPanel {
  const owner = {};
  const context = {
    path: 'RTC:work/a.ipynb',
    model,
    contentsModel: contents,
    ready: Promise.resolve(),
    fileChanged: new Signal<object, void>(owner),
    pathChanged: new Signal<object, string>(owner)
  };
  return { context } as unknown as NotebookPanel;
}

/** Tags of a document, by cell. */
export function tagsOf(model: NotebookModel): Record<string, unknown> {
  return Object.fromEntries(
    model.sharedModel.cells.map(cell => [cell.getId(), cell.getMetadata('tags') ?? null])
  );
}
