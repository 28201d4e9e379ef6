import type { TranslationBundle } from '@jupyterlab/translation';

import type { Role } from '../api/schema';

/** The word for a role. */
export function roleWord(role: Role, trans: TranslationBundle): string {
  switch (role) {
    case 'imports':
      return trans.__('Imports');
    case 'functions':
      return trans.__('Functions');
    case 'pipeline-parameters':
      return trans.__('Parameters');
    case 'pipeline-metrics':
      return trans.__('Metrics');
    case 'skip':
      return trans.__('Skipped');
    case 'step':
      return trans.__('Step');
  }
}
