import { Dialog } from '@jupyterlab/apputils';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import { nullTranslator } from '@jupyterlab/translation';

import { RequestError } from '../../api/client';
import type { ImportAnswer, Note } from '../../api/schema';
import { groupsOf } from '../groups';
import { Importing } from '../importing';

// jsdom has none; JupyterLab's React widgets render in it.
window.requestIdleCallback ??= callback =>
  setTimeout(() => callback({ didTimeout: false, timeRemaining: () => 1 }), 0);

const trans = nullTranslator.load('kfjlab');
const note = (kind: Note['kind'], what: string): Note => ({
  kind,
  node: 'n',
  what,
  why: 'because',
  todo: ''
});
const answer = (written: boolean, notes: Note[] = []): ImportAnswer => ({
  path: 'work/p.ipynb',
  name: 'p',
  written,
  steps: ['a'],
  notes
});

it('groups notes, what matters most first', () => {
  const notes = [note('kept', '1'), note('left-out', '2'), note('kept', '3')];
  expect(groupsOf(notes).map(([kind, found]) => [kind, found.map(one => one.what)])).toEqual([
    ['left-out', ['2']],
    ['kept', ['1', '3']]
  ]);
});

describe('an import', () => {
  const asked: [string, string][] = [];
  const opened: string[] = [];
  /** The notebook that is open already. */
  let shown = '';
  let answers: (ImportAnswer | Error)[];
  const importing = new Importing(
    {
      importPipeline: async (path, existing) => {
        asked.push([path, existing]);
        const next = answers.shift();
        if (!next || next instanceof Error) {
          throw next ?? new Error('not expected');
        }
        return next;
      }
    },
    {
      findWidget: (path: string) => (path === shown ? {} : undefined),
      contextForWidget: () => ({ revert: async () => void opened.push('reverted') }),
      openOrReveal: (path: string) => void opened.push(path)
    } as unknown as IDocumentManager,
    trans,
    null,
    path => path.replace('drive:', '')
  );
  /** The text of the dialog that opens, and a click on one of its buttons. */
  const click = async (label: string): Promise<string> => {
    while (!document.querySelector('.jp-Dialog-body')?.textContent) {
      await new Promise(resolve => setTimeout(resolve, 10)); // until it is there and rendered
    }
    const dialog = document.querySelector('.jp-Dialog');
    const text = dialog?.textContent ?? '';
    const buttons = [...(dialog?.querySelectorAll('button') ?? [])];
    buttons.find(button => button.textContent?.trim() === label)?.click();
    return text;
  };

  beforeEach(() => {
    asked.length = opened.length = 0;
    shown = '';
  });
  afterEach(() => Dialog.flush());

  it('opens the notebook, and says nothing where nothing is lost', async () => {
    answers = [answer(true)];
    await importing.import('drive:work/p.pipeline');
    expect(asked).toEqual([['work/p.pipeline', 'keep']]);
    expect(opened).toEqual(['work/p.ipynb']);
  });

  it('tells what was left out, as text', async () => {
    answers = [answer(true, [note('left-out', '<img src=x onerror=alert(1)>')])];
    const done = importing.import('p.pipeline');
    expect(await click('Close')).toContain('<img src=x onerror=alert(1)>');
    await done;
  });

  it.each([
    ['Replace', ['keep', 'replace'], 1],
    ['Keep both', ['keep', 'rename'], 1],
    ['Cancel', ['keep'], 0]
  ])('asks before it overwrites: %s', async (label, existing, open) => {
    answers = [answer(false), answer(true)];
    const done = importing.import('p.pipeline');
    expect(await click(label)).toContain('p.ipynb');
    await done;
    expect(asked.map(one => one[1])).toEqual(existing);
    expect(opened).toHaveLength(open);
  });

  it('shows what it has replaced, also where that is open', async () => {
    shown = 'work/p.ipynb';
    answers = [answer(false), answer(true)];
    const done = importing.import('p.pipeline');
    await click('Replace');
    await done;
    expect(opened).toEqual(['reverted', 'work/p.ipynb']);
  });

  it('says all that is wrong', async () => {
    const problem = {
      code: 'left-out',
      severity: 'error' as const,
      message: 'm',
      fix: { title: 'do ' + 'it', action: null, arguments: {} },
      cell: null,
      line: null,
      step: null
    };
    answers = [new RequestError('refused', 'Nothing can be a step', '', [problem])];
    const done = importing.import('work/p.pipeline');
    const text = await click('Close');
    await done;
    for (const part of ['p.pipeline could not be imported', 'Nothing can be a step', 'm', 'do it']) {
      expect(text).toContain(part);
    }
    expect(opened).toEqual([]);
  });
});
