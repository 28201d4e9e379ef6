import type { ISignal } from '@lumino/signaling';
import * as React from 'react';

/**
 * Render the component again whenever a signal is emitted: at once, so that a box that was ticked stays ticked; many more emissions before
 * the browser paints are one.
 */
export function useSignal<S>(signal: ISignal<S, unknown>): void {
  const [, render] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    let frame = 0;
    let more = false;
    const emitted = () => {
      if (frame) {
        more = true;
        return;
      }
      render();
      frame = requestAnimationFrame(() => {
        frame = 0;
        if (more) {
          more = false;
          emitted();
        }
      });
    };
    signal.connect(emitted);
    render(); // what was emitted before this component listened
    return () => {
      signal.disconnect(emitted);
      cancelAnimationFrame(frame);
    };
  }, [signal]);
}
