import { type Notebook, NotebookActions } from '@jupyterlab/notebook';

/** Scroll a notebook to a cell, make it active and, with a 1-based line, put the cursor there. Nothing when there is no such cell. */
export async function reveal(notebook: Notebook, cellId: string, line?: number): Promise<void> {
  const index = notebook.widgets.findIndex(cell => cell.model.id === cellId);
  const cell = notebook.widgets[index];
  if (!cell) {
    return;
  }
  NotebookActions.expandParent(cell, notebook); // it may be under a folded heading
  notebook.deselectAll();
  notebook.activeCellIndex = index;
  await notebook.scrollToItem(index, 'smart');
  await cell.ready;
  if (cell.isDisposed) {
    return;
  }
  if (line === undefined) {
    notebook.mode = 'command';
    notebook.activate();
  } else {
    notebook.mode = 'edit';
    cell.editor?.setCursorPosition({ line: line - 1, column: 0 });
    cell.editor?.focus();
  }
}
