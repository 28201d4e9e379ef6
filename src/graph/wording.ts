import type { TranslationBundle } from '@jupyterlab/translation';

import { duration, shownState, stateWord } from '../ui/states';
import { type ILink, linksFrom, linksTo, summary } from './links';
import type { IGraphNode, IStepStatus } from './types';

/** What is said of a step where nothing is drawn: its state, its problems. */
export function standing(
  node: IGraphNode,
  status: IStepStatus | undefined,
  trans: TranslationBundle
): string {
  const parts: string[] = [];
  if (node.role === 'pipeline-metrics') {
    parts.push(trans.__('Metrics'));
  }
  if (status) {
    parts.push(stateWord(shownState(status), trans));
    if (typeof status.seconds === 'number' && !status.cached) {
      parts.push(duration(status.seconds));
    }
  }
  if (node.errors) {
    parts.push(trans._n('%1 error', '%1 errors', node.errors));
  }
  if (node.warnings) {
    parts.push(trans._n('%1 warning', '%1 warnings', node.warnings));
  }
  return parts.join(', ');
}

/** `after load (df), split (y)`; empty when it is after none. */
export function needs(name: string, links: readonly ILink[], trans: TranslationBundle): string {
  const found = linksTo(name, links);
  return found.length
    ? trans.__('after %1', found.map(link => `${link.source} (${summary(link, trans)})`).join('; '))
    : '';
}

/** `gives model to evaluate`; empty when nothing uses what it makes. */
export function gives(name: string, links: readonly ILink[], trans: TranslationBundle): string {
  return linksFrom(name, links)
    .map(link =>
      link.kind === 'order'
        ? trans.__('before %1', link.target)
        : trans.__('gives %1 to %2', summary(link, trans), link.target)
    )
    .join('; ');
}
