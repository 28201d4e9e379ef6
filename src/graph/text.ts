/** Text cut to what fits into `room` pixels at 13 px, by a guess: SVG has no ellipsis, and measuring makes the browser lay out. */
export function shortened(text: string, room: number): string {
  let width = 0;
  const letters = Array.from(text);
  for (const [index, letter] of letters.entries()) {
    width += widthOf(letter);
    if (width > room) {
      let end = index;
      let left = width - widthOf(letter) + widthOf('…');
      while (end > 0 && left > room) {
        end -= 1;
        left -= widthOf(letters[end] ?? '');
      }
      return `${letters.slice(0, end).join('').trimEnd()}…`;
    }
  }
  return text;
}

function widthOf(letter: string): number {
  if ((letter.codePointAt(0) ?? 0) > 0x1100) {
    return letter === '…' ? 11 : 13;
  }
  return /[mwMW@%]/.test(letter)
    ? 11
    : /[A-Z_]/.test(letter)
      ? 8.5
      : /[iljtfr.,:;|! ]/.test(letter)
        ? 4.5
        : 7.2;
}
