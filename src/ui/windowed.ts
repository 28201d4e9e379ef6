import * as React from 'react';

/** Rows that are drawn beyond what is seen, so that scrolling shows no gaps. */
const SPARE = 8;

export interface IWindow {
  /** The first row to draw, and the one behind the last. */
  readonly first: number;
  readonly end: number;
  /** Scroll so that a row is seen. */
  show(row: number): void;
}

/** Which of `count` rows, all `height` pixels high, a scrolling element has to draw. */
export function useWindow(
  scroller: React.RefObject<HTMLElement | null>,
  count: number,
  height: number
): IWindow {
  const [seen, setSeen] = React.useState({ top: 0, room: 600 });
  React.useEffect(() => {
    const element = scroller.current;
    if (!element) {
      return;
    }
    const look = () => setSeen({ top: element.scrollTop, room: element.clientHeight });
    const sizes = new ResizeObserver(look);
    sizes.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    return () => {
      sizes.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, [scroller]);
  const first = Math.max(0, Math.min(Math.floor(seen.top / height), count) - SPARE);
  const end = Math.min(count, Math.ceil((seen.top + seen.room) / height) + SPARE);
  return {
    first,
    end,
    show: row => {
      const element = scroller.current;
      if (!element) {
        return;
      }
      const top = row * height;
      if (top < element.scrollTop) {
        element.scrollTo(0, top);
      } else if (top + height > element.scrollTop + element.clientHeight) {
        element.scrollTo(0, top + height - element.clientHeight);
      }
    }
  };
}
