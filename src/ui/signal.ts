import type { ISignal } from '@lumino/signaling';
import * as React from 'react';

/** Render the component again whenever a signal is emitted; many emissions before the browser paints are one. */
export function useSignal<S>(signal: ISignal<S, unknown>): void {
  const [, render] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    let frame = 0;
    const emitted = () => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        render();
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
