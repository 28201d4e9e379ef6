import { nullTranslator } from '@jupyterlab/translation';

import { RequestError } from '../../api/client';
import type { Parameter } from '../../api/schema';
import { faultOf, fieldOf, optionsFrom, sorted, textOf, valuesOf } from '../form';
import { RunForm } from '../run-form';

const trans = nullTranslator.load('kfjlab');
const OPTIONS = optionsFrom({ cache: true, keep_going: false, max_parallel: 0, target: 'local' });
const parameter = (type: string, value: unknown, name = 'p'): Parameter => ({ name, type, default: value });
const fault = (type: string, text: string, value: unknown = 1) =>
  faultOf({ ...fieldOf(parameter(type, value)), text }, trans);

describe('a field', () => {
  it.each([
    ['int', 3, '3'],
    ['float', 0.5, '0.5'],
    ['str', 'a b', 'a b'],
    ['list', [1, 'x'], '[1,"x"]'],
    ['dict', { a: null }, '{"a":null}'],
    ['any', null, '']
  ])('of %s shows %j as %s', (type, value, text) => expect(textOf(parameter(type, value), value)).toBe(text));

  it('is told what it cannot be', () => {
    expect(fault('int', '12')).toBe('');
    expect(fault('int', ' -1_000 ')).toBe('');
    expect(fault('int', '1.5')).toContain('whole number');
    expect(fault('int', 'x')).toContain('whole number');
    expect(fault('float', '1e-3')).toBe('');
    expect(fault('float', '1_000.5')).toBe('');
    expect(fault('float', 'inf')).toContain('number');
    expect(fault('float', '1,5')).toContain('number');
    expect(fault('list', '[1, 2]')).toBe('');
    expect(fault('list', "('a', 'b')")).toBe('');
    expect(fault('list', '{"a": 1}')).toContain('list');
    expect(fault('list', 'a, b')).toContain('list');
    expect(fault('dict', '{"a": 1}')).toBe('');
    expect(fault('dict', "{'a': 1}")).toBe('');
    expect(fault('dict', '[1]')).toContain('dict');
    expect(fault('dict', 'null')).toContain('dict');
    expect(fault('str', '')).toBe('');
    expect(fault('any', 'what you like')).toBe('');
  });

  it('may be empty or none where that means something', () => {
    expect(fault('int', '')).toBe('');
    expect(fault('int', 'None', null)).toBe('');
    expect(fault('int', 'None', 3)).toContain('whole number');
  });
});

describe('the values of a run', () => {
  const fields = [
    fieldOf(parameter('int', 3, 'n')),
    fieldOf(parameter('str', 'x', 'text')),
    fieldOf(parameter('bool', true, 'fast')),
    fieldOf(parameter('dict', {}, 'more'))
  ];

  it('are nothing while nothing was changed', () => {
    expect(valuesOf(fields)).toEqual({ parameters: {}, texts: {} });
  });

  it('are what was changed, as it was typed: the server reads it', () => {
    const [n, text, fast, more] = fields as [
      (typeof fields)[0],
      (typeof fields)[0],
      (typeof fields)[0],
      (typeof fields)[0]
    ];
    expect(
      valuesOf([
        { ...n, text: '99999999999999999999' },
        { ...text, text: '' },
        { ...fast, checked: false },
        { ...more, text: '{"a": 1}' }
      ])
    ).toEqual({
      parameters: { fast: false },
      texts: { n: '99999999999999999999', text: '', more: '{"a": 1}' }
    });
    expect(valuesOf([{ ...n, text: ' ' }])).toEqual({ parameters: {}, texts: {} });
  });

  it('take names that objects have themselves', () => {
    const field = { ...fieldOf(parameter('int', 1, '__proto__')), text: '2' };
    expect(Object.entries(valuesOf([field]).texts ?? {})).toEqual([['__proto__', '2']]);
  });
});

it('what the server says is sorted to the fields that it is about', () => {
  const fields = [fieldOf(parameter('int', 1, 'n')), fieldOf(parameter('int', 1, 'n_max'))];
  const problem = (code: string, message: string) => ({ code, message, severity: 'error' as const });
  const wrong = problem('bad-parameter', "n_max must be an int, got 'x'.");
  const finite = problem('bad-parameter', 'n: the value is too deep.');
  const other = problem('undefined-name', 'n is not defined.');
  expect(sorted([wrong, finite, other], fields)).toEqual({
    fields: new Map([
      ['n_max', wrong.message],
      ['n', finite.message]
    ]),
    others: [other]
  });
});

describe('RunForm', () => {
  const parameters = [parameter('int', 3, 'n'), parameter('bool', false, 'fast')];

  it('begins with given values', () => {
    const form = new RunForm(
      parameters,
      { n: 5, fast: true, unknown: 1 },
      OPTIONS,
      async () => undefined,
      trans
    );
    expect(form.fields.map(({ text, checked }) => [text, checked])).toEqual([
      ['5', false],
      ['true', true]
    ]);
  });

  it('has the given values also when the parameters are known only later', () => {
    const form = new RunForm([], { n: 5 }, OPTIONS, async () => undefined, trans);
    form.update(parameters);
    expect(form.fields.map(({ text }) => text)).toEqual(['5', 'false']);
  });

  it('sends what was typed, or says what is wrong without asking', async () => {
    const start = jest.fn(async () => undefined);
    const form = new RunForm(parameters, {}, OPTIONS, start, trans);
    form.set('n', { text: 'many' });
    expect(await form.submit()).toBe(false);
    expect([...form.faults.keys()]).toEqual(['n']);
    expect(start).not.toHaveBeenCalled();
    form.set('n', { text: '7' });
    expect(form.faults.size).toBe(0);
    form.choose({ cache: false, maxParallel: '2', steps: ['a'] });
    expect(await form.submit()).toBe(true);
    expect(start).toHaveBeenCalledWith({
      parameters: {},
      texts: { n: '7' },
      cache: false,
      keep_going: false,
      max_parallel: 2,
      target: 'local',
      steps: ['a']
    });
  });

  it('shows the server’s refusal at the field, else as a whole', async () => {
    const refusal = new RequestError('refused', 'No.', '', [
      { code: 'bad-parameter', severity: 'error', message: 'n must be positive.' }
    ]);
    const form = new RunForm(parameters, {}, OPTIONS, () => Promise.reject(refusal), trans);
    expect(await form.submit()).toBe(false);
    expect(form.faults.get('n')).toBe('n must be positive.');
    expect(form.error).toBeNull();
    const down = new RequestError('unreachable', 'Gone.');
    const other = new RunForm(parameters, {}, OPTIONS, () => Promise.reject(down), trans);
    expect(await other.submit()).toBe(false);
    expect(other.error).toBe(down);
    expect(other.busy).toBe(false);
  });

  it('keeps what was typed when the notebook changes elsewhere', () => {
    const form = new RunForm(parameters, {}, OPTIONS, async () => undefined, trans);
    form.set('n', { text: '8' });
    form.update([parameter('int', 3, 'n'), parameter('str', 'x', 'fast'), parameter('int', 1, 'new')]);
    expect(form.fields.map(field => field.text)).toEqual(['8', 'x', '1']);
    form.update([parameter('int', 4, 'n')]);
    expect(form.fields.map(field => field.text)).toEqual(['4']);
  });
});
