import type { NotebookModel, NotebookPanel } from '@jupyterlab/notebook';
import { nullTranslator } from '@jupyterlab/translation';

import { RequestError } from '../../api/client';
import type * as schema from '../../api/schema';
import { PipelineModel, QUIET } from '../model';
import { notebookModel, panelOf, tagsOf } from './notebooks';
import { view } from './views';

const SET: schema.Edit = { action: 'set-step', arguments: { cell: 'a', name: 'one' } };

describe('PipelineModel', () => {
  let document: NotebookModel;
  let panel: NotebookPanel;
  let sent: schema.Notebook[];
  let analyse: () => Promise<schema.PipelineView>;
  let edit: (content: schema.Notebook) => Promise<schema.Edited>;
  let model: PipelineModel;

  beforeEach(async () => {
    jest.useFakeTimers();
    document = notebookModel([{ id: 'a', source: 'x = 1' }, { id: 'b' }, { id: 'm', type: 'markdown' }]);
    sent = [];
    analyse = () => Promise.resolve(view({ name: `answer ${sent.length}` }));
    edit = () =>
      Promise.resolve({
        changes: [{ cell: 'a', metadata: { tags: ['step:one'] } }],
        pipeline: view({ name: 'edited' })
      });
    await open({ writable: true });
  });

  async function open(contents: { writable: boolean }): Promise<void> {
    model?.dispose();
    panel = panelOf(document, contents);
    model = new PipelineModel({
      panel,
      client: {
        analyse: content => {
          sent.push(content);
          return analyse();
        },
        edit: content => edit(content)
      },
      path: () => panel.context.path.replace('RTC:', ''),
      quiet: () => 0,
      show: () => undefined,
      trans: nullTranslator.load('kfjlab')
    });
    await jest.advanceTimersByTimeAsync(0);
    await jest.advanceTimersByTimeAsync(0);
  }

  afterEach(() => {
    model.dispose();
    jest.useRealTimers();
  });

  const type = (text: string) => document.cells.get(0).sharedModel.setSource(text);

  it('sends the notebook as it is, without outputs and the state of widgets', async () => {
    document.setMetadata('widgets', { state: 'x'.repeat(1000) });
    const content = model.content();
    expect(content.path).toBe('work/a.ipynb');
    expect(content.cells.map(cell => [cell.id, cell.cell_type, cell.source])).toEqual([
      ['a', 'code', 'x = 1'],
      ['b', 'code', ''],
      ['m', 'markdown', '']
    ]);
    expect(content.cells[0]).not.toHaveProperty('outputs');
    expect(Object.keys(content.metadata ?? {}).sort()).toEqual(['kernelspec', 'language_info']);
  });

  it('asks after opening, and once after a burst of typing when answers take long', async () => {
    expect(model.view?.name).toBe('answer 1');
    const quick = analyse;
    analyse = () => new Promise(resolve => setTimeout(() => resolve(quick()), 1000));
    model.refresh();
    await jest.advanceTimersByTimeAsync(1000);
    analyse = quick;
    sent.length = 0;
    const before = model.view;
    type('x = 2');
    await jest.advanceTimersByTimeAsync(QUIET - 1);
    type('x = 23');
    await jest.advanceTimersByTimeAsync(QUIET - 1);
    expect(sent).toHaveLength(0);
    await jest.advanceTimersByTimeAsync(1);
    expect(sent.map(content => content.cells[0]?.source)).toEqual(['x = 23']);
    expect(model.view).not.toBe(before);
  });

  it('asks at once when tags change, whoever has changed them', async () => {
    document.cells.get(1).setMetadata('tags', ['skip']);
    await jest.advanceTimersByTimeAsync(0);
    expect(sent).toHaveLength(2);
  });

  it('does not ask about what is of no matter: execution, folding, outputs', async () => {
    document.cells.get(0).setMetadata('execution', { started: 1 });
    document.cells.get(0).setMetadata('collapsed', true);
    document.setMetadata('toc', {});
    await jest.advanceTimersByTimeAsync(5000);
    expect(sent).toHaveLength(1);
  });

  it.each<[string, () => void]>([
    ['a new cell', () => document.sharedModel.insertCell(0, { cell_type: 'code', source: 'y = 1' })],
    ['a cell less', () => document.sharedModel.deleteCell(0)],
    ['a cell moved', () => document.sharedModel.moveCell(0, 1)],
    ['another kernel', () => document.setMetadata('kernelspec', { name: 'ir', display_name: 'R' })]
  ])('asks after %s', async (_, change) => {
    change();
    await jest.advanceTimersByTimeAsync(QUIET);
    expect(sent).toHaveLength(2);
  });

  it('hears of changes in cells that came later or were moved', async () => {
    document.sharedModel.insertCell(0, { cell_type: 'code', source: '' });
    document.sharedModel.moveCell(1, 2);
    await jest.advanceTimersByTimeAsync(QUIET);
    const before = sent.length;
    document.cells.get(0).sharedModel.setSource('z = 1');
    await jest.advanceTimersByTimeAsync(QUIET);
    document.cells.get(2).sharedModel.setSource('z = 2');
    await jest.advanceTimersByTimeAsync(QUIET);
    expect(sent).toHaveLength(before + 2);
  });

  it('keeps what it knows while the server is away, says why, and asks again', async () => {
    const away = new RequestError('unreachable', 'gone');
    analyse = () => Promise.reject(away);
    type('x = 2');
    await jest.advanceTimersByTimeAsync(QUIET);
    expect(model.error).toBe(away);
    expect(model.view?.name).toBe('answer 1');
    analyse = () => Promise.resolve(view({ name: 'back' }));
    await jest.advanceTimersByTimeAsync(2000);
    expect([model.error, model.view?.name]).toEqual([null, 'back']);
  });

  it('edits: tags change, the answer is shown without another question, and it can be taken back', async () => {
    await model.edit([SET]);
    expect(tagsOf(document).a).toEqual(['step:one']);
    expect([model.view?.name, model.canUndo]).toEqual(['edited', true]);
    model.undo();
    expect(tagsOf(document).a).toBeNull();
    expect([model.canUndo, model.canRedo]).toEqual([false, true]);
    model.redo();
    expect(tagsOf(document).a).toEqual(['step:one']);
  });

  it('does not take the answer to an edit for that of a text typed meanwhile', async () => {
    const plain = edit;
    edit = content => {
      type('typed = 1');
      return plain(content);
    };
    await model.edit([SET]);
    expect(tagsOf(document).a).toEqual(['step:one']);
    expect(document.cells.get(0).sharedModel.getSource()).toBe('typed = 1');
    expect(model.view?.name).not.toBe('edited');
    await jest.advanceTimersByTimeAsync(QUIET);
    expect(sent.at(-1)?.cells[0]?.source).toBe('typed = 1');
    expect(model.view?.name).toBe(`answer ${sent.length}`);
  });

  it('works an edit out anew when somebody else has changed the same tags meanwhile', async () => {
    let calls = 0;
    edit = content => {
      if (++calls === 1) {
        document.cells.get(0).setMetadata('tags', ['theirs']);
      }
      const tags = [...((content.cells[0]?.metadata?.tags as string[] | undefined) ?? []), 'step:one'];
      return Promise.resolve({ changes: [{ cell: 'a', metadata: { tags } }], pipeline: view() });
    };
    await model.edit([SET]);
    expect(tagsOf(document).a).toEqual(['theirs', 'step:one']);
  });

  it('makes edits one after the other, each on what the one before has made', async () => {
    const seen: unknown[] = [];
    edit = content => {
      const tags = content.cells[0]?.metadata?.tags as string[] | undefined;
      seen.push(tags);
      return Promise.resolve({
        changes: [{ cell: 'a', metadata: { tags: [...(tags ?? []), `t${seen.length}`] } }],
        pipeline: view()
      });
    };
    await Promise.all([model.edit([SET]), model.edit([SET])]);
    expect(seen).toEqual([undefined, ['t1']]);
    expect(tagsOf(document).a).toEqual(['t1', 't2']);
  });

  it('says why an edit is refused, and goes on with the next', async () => {
    const plain = edit;
    edit = () => Promise.reject(new RequestError('refused', "'' cannot be a step's name"));
    await expect(model.edit([SET])).rejects.toThrow("cannot be a step's name");
    edit = plain;
    await model.edit([SET]);
    expect(tagsOf(document).a).toEqual(['step:one']);
  });

  it('changes nothing in a read-only notebook', async () => {
    await open({ writable: false });
    expect(model.readOnly).toBe(true);
    expect(model.view).not.toBeNull();
    await expect(model.edit([SET])).rejects.toMatchObject({ failure: 'refused' });
    expect(() => model.undo()).toThrow('read-only');
    expect(tagsOf(document).a).toBeNull();
  });

  it('drops an answer that comes after closing', async () => {
    let answer: (answered: schema.PipelineView) => void = () => undefined;
    analyse = () => new Promise(resolve => (answer = resolve));
    document.cells.get(0).setMetadata('tags', ['skip']);
    await jest.advanceTimersByTimeAsync(0);
    const heard = jest.fn();
    model.changed.connect(heard);
    model.dispose();
    answer(view());
    await jest.advanceTimersByTimeAsync(60_000);
    expect(heard).not.toHaveBeenCalled();
    expect(sent).toHaveLength(2);
  });
});
