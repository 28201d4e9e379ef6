import type { TranslationBundle } from '@jupyterlab/translation';

import type { Problem, StepView } from '../api/schema';

export function roleWord(role: StepView['role'], trans: TranslationBundle): string {
  switch (role) {
    case 'imports':
      return trans.__('Imports');
    case 'functions':
      return trans.__('Functions');
    case 'pipeline-parameters':
      return trans.__('Parameters');
    case 'pipeline-metrics':
      return trans.__('Metrics');
    case 'step':
      return trans.__('Step');
    case 'skip':
      return trans.__('Left out');
  }
}

export function severityWord(severity: Problem['severity'], trans: TranslationBundle): string {
  switch (severity) {
    case 'error':
      return trans.__('Error');
    case 'warning':
      return trans.__('Warning');
    case 'info':
      return trans.__('Note');
  }
}

/** `cell 4, line 2`: cells counted from 0, as messages and the command line do. */
export function placeWord(cell: number, line: number | null | undefined, trans: TranslationBundle): string {
  return line ? trans.__('cell %1, line %2', cell, line) : trans.__('cell %1', cell);
}
