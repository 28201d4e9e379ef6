import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Direction, IBox, IDrawing } from './layout';
import type { ILink } from './links';
import { Heads, Scene } from './scene';
import { type IPointed, Tip } from './tip';
import { Tools } from './tools';
import type { IGraphNode, IStepStatus } from './types';
import { usePointer } from './use-pointer';
import { useView } from './use-view';
import type { IView } from './viewport';
import { type Arrow, walk } from './walking';

export interface ICanvasProps {
  nodes: readonly IGraphNode[];
  links: readonly ILink[];
  drawing: IDrawing;
  direction: Direction;
  statuses?: ReadonlyMap<string, IStepStatus>;
  pictures?: ReadonlyMap<string, string>;
  selected: string | null;
  onSelect: (name: string | null) => void;
  onOpen?: (name: string) => void;
  label: string;
  trans: TranslationBundle;
  /** More buttons beside those of the view. */
  children?: React.ReactNode;
}

/** The drawing in a frame in which it can be moved and zoomed, and walked through by keyboard. */
export function Canvas(props: ICanvasProps): React.JSX.Element {
  const { nodes, links, drawing, direction, statuses, pictures, selected, onSelect, label, trans } = props;
  const onOpen = props.onOpen ?? onSelect;
  const svg = React.useRef<SVGSVGElement>(null);
  const { frame, view, size, act } = useView(drawing);
  const [walker, setWalker] = React.useState<string | null>(null);
  const [pointed, setPointed] = React.useState<IPointed | null>(null);
  const pointer = usePointer(frame, act, () => onSelect(null));

  const known = (name: string | null) => name !== null && drawing.nodes.has(name);
  const reachable = known(walker) ? walker : known(selected) ? selected : (nodes[0]?.name ?? null);

  React.useEffect(() => {
    const box = selected === null ? undefined : drawing.nodes.get(selected);
    if (box) {
      act.show(box);
    }
    // A drawing that has changed is no reason to move what the user looks at.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [selected]);

  const go = (name: string) => {
    setWalker(name);
    const node = svg.current?.querySelector<SVGGElement>(`[data-step="${CSS.escape(name)}"]`);
    node?.focus({ preventScroll: true });
  };

  const onKeyDown = (event: React.KeyboardEvent) => {
    const step = stepOf(event.target);
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (isArrow(event.key) && step !== null && !event.shiftKey) {
      const next = walk(drawing, links, direction, step, event.key);
      if (next !== null) {
        go(next);
      }
    } else if (event.key === 'Home' && nodes[0]) {
      go(nodes[0].name);
    } else if (event.key === 'End' && nodes.length) {
      go(nodes[nodes.length - 1]?.name ?? '');
    } else if (event.key === 'Enter' && step !== null) {
      onOpen(step);
    } else if (event.key === ' ' && step !== null) {
      onSelect(step);
    } else if (event.key === 'Escape' && pointed) {
      setPointed(null);
    } else if (!act.key(event.key)) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  /** A node is told of beside it, so that it stays in sight. */
  const pointAtNode = (id: string, box: IBox, on: IView) =>
    setPointed({
      what: 'node',
      id,
      x: on.x + box.x * on.scale - 8,
      y: on.y + (box.y + box.height) * on.scale - 8,
      clear: box.height * on.scale
    });

  const onPointerOver = (event: React.PointerEvent) => {
    const step = stepOf(event.target);
    const box = step === null ? undefined : drawing.nodes.get(step);
    const link = event.target instanceof Element ? event.target.closest('[data-link]') : null;
    const id = link?.getAttribute('data-link') ?? null;
    if (step !== null && box) {
      pointAtNode(step, box, view);
    } else if (id !== null) {
      const { left = 0, top = 0 } = frame.current?.getBoundingClientRect() ?? {};
      setPointed({ what: 'link', id, x: event.clientX - left, y: event.clientY - top, clear: 0 });
    } else {
      setPointed(null);
    }
  };

  const onFocus = (event: React.FocusEvent) => {
    const step = stepOf(event.target);
    const box = step === null ? undefined : drawing.nodes.get(step);
    if (step !== null && box) {
      setWalker(step);
      // A click shows where it was by itself.
      if (event.target.matches(':focus-visible')) {
        pointAtNode(step, box, act.show(box));
      }
    }
  };

  return (
    <div className="kfj-Graph-frame" ref={frame}>
      <svg
        ref={svg}
        className="kfj-Graph-canvas"
        role="application"
        aria-roledescription={trans.__('graph')}
        aria-label={trans.__(
          '%1. Arrow keys follow the lines, Enter opens a step, plus and minus zoom, 0 shows all.',
          label
        )}
        tabIndex={nodes.length === 0 ? 0 : -1}
        onKeyDown={onKeyDown}
        onFocus={onFocus}
        onBlur={() => setPointed(null)}
        onPointerOver={onPointerOver}
        onPointerLeave={() => setPointed(null)}
        onClick={event => {
          const step = stepOf(event.target);
          if (step !== null) {
            onSelect(step);
          }
        }}
        onDoubleClick={event => {
          const step = stepOf(event.target);
          if (step !== null) {
            onOpen(step);
          }
        }}
        {...pointer}
      >
        <Heads />
        <g transform={`translate(${view.x},${view.y}) scale(${view.scale})`}>
          <Scene
            nodes={nodes}
            links={links}
            drawing={drawing}
            statuses={statuses}
            pictures={pictures}
            selected={selected}
            reachable={reachable}
            pointed={pointed?.id ?? null}
            trans={trans}
          />
        </g>
      </svg>
      <Tools act={act} trans={trans}>
        {props.children}
      </Tools>
      {pointed && <Tip pointed={pointed} nodes={nodes} links={links} size={size} trans={trans} />}
    </div>
  );
}

function stepOf(target: EventTarget): string | null {
  return target instanceof Element
    ? (target.closest('[data-step]')?.getAttribute('data-step') ?? null)
    : null;
}

function isArrow(key: string): key is Arrow {
  return key === 'ArrowUp' || key === 'ArrowDown' || key === 'ArrowLeft' || key === 'ArrowRight';
}
