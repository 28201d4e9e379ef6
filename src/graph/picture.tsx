import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

import type { Edge } from '../api/schema';
import { shapesOf } from './graph';
import { type Direction, type IDrawing, layout } from './layout';
import { linksOf } from './links';
import { Heads, Scene } from './scene';
import type { IGraphNode, IStepStatus } from './types';

export interface IPicture {
  nodes: readonly IGraphNode[];
  edges: readonly Edge[];
  statuses?: ReadonlyMap<string, IStepStatus>;
  pictures?: ReadonlyMap<string, string>;
  direction: Direction;
  trans: TranslationBundle;
}

/** What style sheets say of a drawing that an SVG file must say itself. */
const STYLES = [
  'fill',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'stroke-linecap',
  'stroke-linejoin',
  'font-family',
  'font-size',
  'font-weight',
  'font-variant-numeric'
];

/** The whole graph in the colours of the theme, as an SVG file that needs nothing else. */
export async function svgOf(picture: IPicture): Promise<string> {
  const links = linksOf(picture.edges);
  const drawing = layout(shapesOf(picture.nodes, picture.pictures), links, picture.direction);
  const host = document.createElement('div');
  host.className = 'kfj-Graph-offstage';
  document.body.append(host);
  // eslint-disable-next-line jupyter/require-disposable-ownership -- it is disposed of below
  const widget = new Offstage(picture, links, drawing);
  try {
    Widget.attach(widget, host);
    await widget.drawn;
    const svg = widget.node.querySelector('svg');
    if (!svg) {
      throw new Error('The graph was not drawn.');
    }
    return standalone(svg);
  } finally {
    widget.dispose();
    host.remove();
  }
}

/** The same as a PNG, twice as large so that it stays sharp. */
export async function pngOf(svg: string): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  const scale = Math.min(2, 16_000 / Math.max(image.width, image.height, 1));
  canvas.width = Math.max(1, Math.round(image.width * scale));
  canvas.height = Math.max(1, Math.round(image.height * scale));
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) =>
    canvas.toBlob(
      blob => (blob ? resolve(blob) : reject(new Error('The browser could not make a PNG of the graph.'))),
      'image/png'
    )
  );
}

class Offstage extends ReactWidget {
  /** Resolves when the graph is in the page. */
  readonly drawn: Promise<void>;

  constructor(
    private readonly picture: IPicture,
    private readonly links: ReturnType<typeof linksOf>,
    private readonly drawing: IDrawing
  ) {
    super();
    this.drawn = new Promise(resolve => (this.done = resolve));
  }

  protected override render(): React.JSX.Element {
    return (
      <Whole {...this.picture} links={this.links} drawing={this.drawing} onDrawn={() => this.done?.()} />
    );
  }

  private done: (() => void) | null = null;
}

function Whole({
  nodes,
  links,
  drawing,
  statuses,
  pictures,
  trans,
  onDrawn
}: Omit<IPicture, 'edges'> & {
  links: ReturnType<typeof linksOf>;
  drawing: IDrawing;
  onDrawn: () => void;
}): React.JSX.Element {
  React.useLayoutEffect(onDrawn, [onDrawn]);
  const { width, height } = drawing;
  return (
    <svg
      xmlns="http://www.w3.org/2000/svg"
      className="kfj-Graph-canvas"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
    >
      <Heads />
      <rect className="kfj-Graph-ground" width={width} height={height} />
      <Scene
        nodes={nodes}
        links={links}
        drawing={drawing}
        statuses={statuses}
        pictures={pictures}
        selected={null}
        reachable={null}
        pointed={null}
        trans={trans}
      />
    </svg>
  );
}

/** The drawing with its styles written into it, without what is only for use in the page. */
function standalone(svg: SVGSVGElement): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const originals = svg.querySelectorAll('*');
  copy.querySelectorAll('*').forEach((element, index) => {
    const original = originals[index];
    if (original) {
      const computed = getComputedStyle(original);
      const style = STYLES.map(name => `${name}:${computed.getPropertyValue(name)}`).join(';');
      element.setAttribute('style', style);
    }
    for (const name of ['class', 'role', 'tabindex', 'aria-label', 'aria-pressed', 'aria-hidden']) {
      element.removeAttribute(name);
    }
  });
  copy.querySelectorAll('[style*="fill:none"][style*="stroke:none"]').forEach(element => {
    if (element.localName === 'rect') {
      element.remove();
    }
  });
  copy.querySelectorAll('[data-link] > :nth-child(2)').forEach(element => element.remove());
  copy.removeAttribute('class');
  return new XMLSerializer().serializeToString(copy);
}
