import type { NotebookModel } from '@jupyterlab/notebook';

import { keyChanges, metadataNow } from '../changes';
import { History } from '../history';
import { notebookModel, tagsOf } from './notebooks';

function tag(model: NotebookModel, history: History, cell: string, ...tags: string[]): void {
  const metadata = { ...metadataNow(model.sharedModel)(cell), tags };
  history.make(keyChanges([{ cell, metadata }], metadataNow(model.sharedModel)));
}

describe('History', () => {
  let model: NotebookModel;
  let history: History;

  beforeEach(() => {
    model = notebookModel([{ id: 'a' }, { id: 'b', tags: ['step:x'] }]);
    history = new History(model.sharedModel);
  });

  it('takes changes back and makes them again', () => {
    expect([history.canUndo, history.canRedo]).toEqual([false, false]);
    tag(model, history, 'a', 'step:one');
    tag(model, history, 'b', 'step:two');
    expect(tagsOf(model)).toEqual({ a: ['step:one'], b: ['step:two'] });
    history.undo();
    expect(tagsOf(model)).toEqual({ a: ['step:one'], b: ['step:x'] });
    history.undo();
    expect(tagsOf(model)).toEqual({ a: null, b: ['step:x'] });
    expect([history.canUndo, history.undo(), history.canRedo]).toEqual([false, false, true]);
    history.redo();
    history.redo();
    expect(tagsOf(model)).toEqual({ a: ['step:one'], b: ['step:two'] });
    expect(history.canRedo).toBe(false);
  });

  it('forgets what was undone when something new is done', () => {
    tag(model, history, 'a', 'step:one');
    history.undo();
    tag(model, history, 'a', 'step:two');
    expect(history.canRedo).toBe(false);
  });

  it('leaves alone what somebody else has changed since, and keeps the rest of the entry', () => {
    history.make(
      keyChanges(
        [
          { cell: 'a', metadata: { tags: ['step:mine'] } },
          { cell: 'b', metadata: { tags: ['step:mine'] } }
        ],
        metadataNow(model.sharedModel)
      )
    );
    model.cells.get(0).setMetadata('tags', ['step:theirs']);
    expect(history.canUndo).toBe(true);
    history.undo();
    expect(tagsOf(model)).toEqual({ a: ['step:theirs'], b: ['step:x'] });
    history.redo();
    expect(tagsOf(model)).toEqual({ a: ['step:theirs'], b: ['step:mine'] });
  });

  it('passes over a change of a cell that is gone', () => {
    tag(model, history, 'b', 'step:two');
    tag(model, history, 'a', 'step:one');
    model.sharedModel.deleteCell(0);
    history.undo();
    expect(tagsOf(model)).toEqual({ b: ['step:x'] });
    model.sharedModel.deleteCell(0);
    expect([history.canUndo, history.canRedo]).toEqual([false, false]);
  });

  it('finds a cell that has moved', () => {
    tag(model, history, 'a', 'step:one');
    model.sharedModel.moveCell(0, 1);
    history.undo();
    expect(tagsOf(model)).toEqual({ b: ['step:x'], a: null });
  });

  it('keeps out of the history of the text', () => {
    model.cells.get(0).sharedModel.setSource('x = 1');
    tag(model, history, 'a', 'step:one');
    model.cells.get(0).sharedModel.undo();
    expect(model.cells.get(0).sharedModel.getSource()).toBe('');
    expect(tagsOf(model).a).toEqual(['step:one']);
  });

  it('changes nothing but tags', () => {
    model.cells.get(0).setMetadata('collapsed', true);
    const changes = keyChanges([{ cell: 'a', metadata: { tags: ['skip'] } }], metadataNow(model.sharedModel));
    expect(changes.map(change => change.key)).toEqual(['tags']);
  });

  it('is one transaction', () => {
    let transactions = 0;
    const cells = [0, 1].map(index => model.cells.get(index));
    const { ydoc } = model.sharedModel as unknown as { ydoc: { on(name: string, slot: () => void): void } };
    ydoc.on('afterTransaction', () => transactions++);
    history.make(
      keyChanges(
        cells.map(cell => ({ cell: cell.id, metadata: { tags: ['skip'], kfjlab: { retries: 1 } } })),
        metadataNow(model.sharedModel)
      )
    );
    expect(transactions).toBe(1);
  });
});
