import * as React from 'react';

import type { IBox, IDrawing, IPoint } from './layout';
import { first, fitted, type ISize, type IView, moved, showing, zoomed } from './viewport';

export const STEP = 1.25;
const STRIDE = 40;

/** What can be done with the view of a drawing. */
export interface IViewActions {
  zoom(factor: number, at?: IPoint): void;
  move(x: number, y: number): void;
  fit(): void;
  /** Bring a box into view; the view that this gives. */
  show(box: IBox): IView;
  /** What a key does to the view; false when it does nothing. */
  key(key: string): boolean;
}

/**
 * The view of a drawing in a frame. Until the user has moved or zoomed it, it follows changes of the drawing and of the frame's size;
 * after that it stays.
 */
export function useView(drawing: IDrawing): {
  frame: React.RefObject<HTMLDivElement>;
  size: ISize;
  view: IView;
  act: IViewActions;
} {
  const frame = React.useRef<HTMLDivElement>(null);
  const [size, setSize] = React.useState<ISize>({ width: 0, height: 0 });
  /** What the user has made of it; null: nothing. */
  const [own, setOwn] = React.useState<IView | null>(null);

  React.useLayoutEffect(() => {
    const element = frame.current;
    if (!element) {
      return undefined;
    }
    const measure = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);

  const view = own ?? first(drawing, size);
  // Actions are called from events, where what was rendered last is what the user sees.
  const latest = React.useRef({ view, size, drawing });
  React.useLayoutEffect(() => {
    latest.current = { view, size, drawing };
  });

  const act = React.useMemo<IViewActions>(() => {
    const set = (next: IView) => {
      latest.current = { ...latest.current, view: next };
      setOwn(next);
      return next;
    };
    const zoom = (factor: number, at?: IPoint) => {
      const { width, height } = latest.current.size;
      set(zoomed(latest.current.view, factor, at ?? { x: width / 2, y: height / 2 }));
    };
    const move = (x: number, y: number) => void set(moved(latest.current.view, x, y));
    const fit = () => void set(fitted(latest.current.drawing, latest.current.size));
    const keys: Record<string, () => void> = {
      '+': () => zoom(STEP),
      '=': () => zoom(STEP),
      '-': () => zoom(1 / STEP),
      '0': fit,
      ArrowUp: () => move(0, STRIDE),
      ArrowDown: () => move(0, -STRIDE),
      ArrowLeft: () => move(STRIDE, 0),
      ArrowRight: () => move(-STRIDE, 0)
    };
    return {
      zoom,
      move,
      fit,
      show: box => {
        const { view: before, size: room } = latest.current;
        const after = showing(before, box, room);
        return after.x === before.x && after.y === before.y ? before : set(after);
      },
      key: key => {
        const does = keys[key];
        does?.();
        return does !== undefined;
      }
    };
  }, []);

  return { frame, size, view, act };
}
