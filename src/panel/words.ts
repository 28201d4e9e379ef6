import type { TranslationBundle } from '@jupyterlab/translation';

/** `cell 5, line 2` of the cell with the index 4: people count from 1, as messages, the command line and the status bar do. */
export function placeWord(cell: number, line: number | null | undefined, trans: TranslationBundle): string {
  return line ? trans.__('cell %1, line %2', cell + 1, line) : trans.__('cell %1', cell + 1);
}
