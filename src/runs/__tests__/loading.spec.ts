import { nullTranslator } from '@jupyterlab/translation';

import { answerOf, expressions, LoadError } from '../loading';

const trans = nullTranslator.load('kfjlab');

/** As ipykernel shows a text: its Python literal. */
const shown = (text: string) => ({ status: 'ok', data: { 'text/plain': text } });

it('writes names as Python literals, whatever is in them', () => {
  const hostile = `x"); __import__('os').system("rm -rf /"); ("\\\n\u2028${'\ud800'}`;
  const { loaded } = expressions('r1', hostile, 'before');
  const literal = /load\("r1", (".*"), "before", into=globals\(\)\)/s.exec(loaded ?? '')?.[1] ?? '';
  expect(JSON.parse(literal)).toBe(hostile);
  expect(literal.slice(1, -1)).not.toMatch(/(?<!\\)(?:\\\\)*"|\n/);
});

it('reads what was loaded', () => {
  const text = `'{"variables": ["df"], "defined": ["pd"], "missing": {"m\\\\u00fc": "it\\'s \\\\"gone\\\\""}, "replaced": ["n"]}'`;
  expect(answerOf({ loaded: shown(text) }, trans)).toEqual({
    variables: ['df'],
    defined: ['pd'],
    missing: { mü: 'it\'s "gone"' },
    replaced: ['n']
  });
});

it('says how to install kfjlab for a Python that lacks it', () => {
  const reply = {
    loaded: { status: 'error', ename: 'ModuleNotFoundError', evalue: "No module named 'kfjlab'" },
    python: shown(`'"/opt/py/bin/python"'`)
  };
  expect(() => answerOf(reply, trans)).toThrow('/opt/py/bin/python');
  try {
    answerOf(reply, trans);
  } catch (error) {
    expect((error as LoadError).fix).toContain('%pip install kfjlab');
  }
});

it('gives our own messages as they are, and names other errors', () => {
  const error = (ename: string) => ({ loaded: { status: 'error', ename, evalue: 'm' } });
  expect(() => answerOf(error('LoadError'), trans)).toThrow(/^m$/);
  expect(() => answerOf(error('MemoryError'), trans)).toThrow(/^MemoryError: m$/);
  expect(() => answerOf({}, trans)).toThrow(LoadError);
});
