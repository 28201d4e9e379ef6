import { spansOf } from '../ansi';

const text = (line: string) =>
  spansOf(line)
    .map(span => span.text)
    .join('');

describe('spansOf', () => {
  it('gives colours and weights as classes', () => {
    expect(spansOf('a\x1b[31mred\x1b[1;42mloud\x1b[0mplain')).toEqual([
      { text: 'a', classes: '' },
      { text: 'red', classes: 'ansi-red-fg' },
      { text: 'loud', classes: 'ansi-red-fg ansi-green-bg ansi-bold' },
      { text: 'plain', classes: '' }
    ]);
    expect(spansOf('\x1b[94mx')[0]?.classes).toBe('ansi-blue-intense-fg');
  });

  it('takes no number of a 256-colour sequence for another code', () => {
    expect(spansOf('\x1b[38;5;31mx')).toEqual([{ text: 'x', classes: '' }]);
    expect(spansOf('\x1b[38;2;31;1;4;31mx')).toEqual([{ text: 'x', classes: 'ansi-red-fg' }]);
  });

  it('obeys nothing else', () => {
    expect(
      text(
        '\x1b]0;title\x07\x1b[2J\x1b[10;10H\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\ \x1bPq#0\x1b\\b\x07\x00'
      )
    ).toBe('link b');
    expect(text('cut \x1b[31')).toBe('cut 31');
  });

  it('shows what a progress bar has become', () => {
    expect(text(' 10%\r 50%\r100%')).toBe('100%');
    expect(text('windows line\r')).toBe('windows line');
  });

  it('keeps markup as text', () => {
    expect(text('<img src=x onerror=alert(1)>')).toBe('<img src=x onerror=alert(1)>');
  });

  it('is quick with what looks like the beginning of many sequences', () => {
    expect(text('\x1b]'.repeat(20_000))).toBe('');
  });
});
