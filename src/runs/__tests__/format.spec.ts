import { nullTranslator } from '@jupyterlab/translation';

import { ago, bytes, number, spent, valueText } from '../format';

const trans = nullTranslator.load('kfjlab');

it.each([
  [0, 'just now'],
  [-50, 'just now'],
  [59, '1 min ago'],
  [3599, '59 min ago'],
  [7300, '2 h ago'],
  [86_400, '1 day ago'],
  [20 * 86_400, '20 days ago']
])('%d seconds ago is %s', (seconds, words) => {
  expect(ago(1e9 - seconds, 1e9, trans)).toBe(words);
});

it('gives the date of what is long ago', () => {
  expect(ago(1e9, 2e9, trans)).toContain('2001');
});

it.each([
  [0, '0 bytes'],
  [999, '999 bytes'],
  [1000, '1.0 KB'],
  [12_345, '12.3 KB'],
  [999_700, '1.0 MB'],
  [250_000_000, '250 MB'],
  [3e15, '3000 TB']
])('%d bytes are %s', (size, words) => {
  expect(bytes(size)).toBe(words);
});

it.each([
  [3, '3'],
  [0.1 + 0.2, '0.3'],
  [1234567.891, '1234570'],
  [1e-9, '1e-9'],
  [123456789, '123456789']
])('the number %d is %s', (value, words) => {
  expect(number(value)).toBe(words);
});

it('shows values of any kind on one line', () => {
  expect(['text', [1, 2], { a: null }, true, null, undefined].map(valueText)).toEqual([
    'text',
    '[1,2]',
    '{"a":null}',
    'true',
    'null',
    ''
  ]);
});

it('counts until now while a run goes on', () => {
  expect(spent({ started: 10, ended: null }, 15)).toBe(5);
  expect(spent({ started: 10, ended: 12 }, 15)).toBe(2);
  expect(spent({ started: null, ended: null }, 15)).toBeNull();
});
