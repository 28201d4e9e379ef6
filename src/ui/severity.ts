import type { TranslationBundle } from '@jupyterlab/translation';

import type { Problem } from '../api/schema';

export type Severity = Problem['severity'];

const ORDER: readonly Severity[] = ['error', 'warning', 'info'];

/** Drawings around (0, 0), 14 wide: the ground (a disc where there is none) and the sign on it. They differ by shape, not by colour alone. */
export const SEVERITY_SHAPES: Readonly<Record<Severity, { ground?: string; sign: string }>> = {
  error: { sign: 'M0,-3.6V0.6M0,3.3V3.5' },
  warning: { ground: 'M0,-6.6L7,6H-7Z', sign: 'M0,-2.4V1.4M0,3.7V3.9' },
  info: { sign: 'M0,-0.8V3.4M0,-3.4V-3.2' }
};

/** The gravest severity among problems; undefined when there are none. */
export function worst(problems: readonly Problem[]): Severity | undefined {
  return ORDER.find(severity => problems.some(problem => problem.severity === severity));
}

export function severityWord(severity: Severity, trans: TranslationBundle): string {
  switch (severity) {
    case 'error':
      return trans.__('Error');
    case 'warning':
      return trans.__('Warning');
    case 'info':
      return trans.__('Note');
  }
}

const SVG = 'http://www.w3.org/2000/svg';

/** The drawing of a severity as an element, where there is no React. */
export function severityNode(severity: Severity): SVGSVGElement {
  const { ground, sign } = SEVERITY_SHAPES[severity];
  const svg = element('svg', { class: 'kfj-Inline', viewBox: '-8 -8 16 16', width: '14', height: '14' });
  svg.setAttribute('aria-hidden', 'true');
  const group = element('g', { class: `kfj-Glyph kfj-mod-${severity}` });
  const shape = ground
    ? element('path', { d: ground, 'stroke-linejoin': 'round' })
    : element('circle', { r: '7' });
  shape.setAttribute('class', 'kfj-Glyph-disc');
  group.append(shape, element('path', { d: sign, class: 'kfj-Glyph-sign' }));
  svg.append(group);
  return svg;
}

function element<K extends keyof SVGElementTagNameMap>(
  name: K,
  attributes: Readonly<Record<string, string>>
): SVGElementTagNameMap[K] {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    node.setAttribute(key, value);
  }
  return node;
}
