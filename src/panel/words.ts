import type { TranslationBundle } from '@jupyterlab/translation';

/** `cell 4, line 2`: cells counted from 0, as messages and the command line do. */
export function placeWord(cell: number, line: number | null | undefined, trans: TranslationBundle): string {
  return line ? trans.__('cell %1, line %2', cell, line) : trans.__('cell %1', cell);
}
