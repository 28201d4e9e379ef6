import * as React from 'react';

import type { IViewActions } from './use-view';

interface IPointerProps {
  onPointerDown: (event: React.PointerEvent<SVGSVGElement>) => void;
  onPointerMove: (event: React.PointerEvent<SVGSVGElement>) => void;
  onPointerUp: (event: React.PointerEvent<SVGSVGElement>) => void;
  onPointerCancel: (event: React.PointerEvent<SVGSVGElement>) => void;
}

/** Below this many pixels it was a click, not a move. */
const SLACK = 4;

/** Moving by dragging the ground, zooming by Ctrl and wheel (or pinching), moving by the wheel alone; `onGround`: a click beside all nodes. */
export function usePointer(
  frame: React.RefObject<HTMLDivElement>,
  act: IViewActions,
  onGround: () => void
): IPointerProps {
  const drag = React.useRef<{ x: number; y: number; moved: boolean } | null>(null);

  React.useEffect(() => {
    const element = frame.current;
    if (!element) {
      return undefined;
    }
    const onWheel = (event: WheelEvent) => {
      const box = element.getBoundingClientRect();
      const line = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 20 : 1;
      if (event.ctrlKey || event.metaKey) {
        const factor = Math.exp((-event.deltaY * line) / 300);
        act.zoom(factor, { x: event.clientX - box.left, y: event.clientY - box.top });
      } else if (event.shiftKey) {
        act.move(-(event.deltaX + event.deltaY) * line, 0);
      } else {
        act.move(-event.deltaX * line, -event.deltaY * line);
      }
      event.preventDefault();
    };
    // React listens passively to the wheel, and could not keep the page from scrolling and zooming.
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, [frame, act]);

  return {
    onPointerDown: event => {
      const onNode = event.target instanceof Element && event.target.closest('[data-step]');
      if (event.button === 0 && !onNode) {
        drag.current = { x: event.clientX, y: event.clientY, moved: false };
        event.currentTarget.setPointerCapture(event.pointerId);
      }
    },
    onPointerMove: event => {
      const from = drag.current;
      if (from) {
        const [x, y] = [event.clientX - from.x, event.clientY - from.y];
        if (from.moved || Math.hypot(x, y) >= SLACK) {
          act.move(x, y);
          drag.current = { x: event.clientX, y: event.clientY, moved: true };
        }
      }
    },
    onPointerUp: () => {
      if (drag.current && !drag.current.moved) {
        onGround();
      }
      drag.current = null;
    },
    onPointerCancel: () => {
      drag.current = null;
    }
  };
}
