import * as React from 'react';

import { type Severity, SEVERITY_SHAPES } from './severity';
import type { ShownState } from './states';

/** Small drawings around (0, 0), 14 wide, for use inside an `svg`. They differ by shape, not by colour alone. */
export function StateGlyph({
  state,
  progress
}: {
  state: ShownState;
  /** Of a running step: how much of it is done, from 0 to 1; undefined when nobody knows. */
  progress?: number;
}): React.JSX.Element {
  if (state === 'running') {
    return <Ring progress={progress} />;
  }
  return (
    <g className={`kfj-Glyph kfj-mod-${state}`} aria-hidden="true">
      {SHAPES[state]}
    </g>
  );
}

const RADIUS = 6;
const ROUND = 2 * Math.PI * RADIUS;

/** A ring that fills up; one that turns when nobody knows how far it is. */
function Ring({ progress }: { progress?: number }): React.JSX.Element {
  const part = progress === undefined ? 0.25 : Math.min(1, Math.max(0.03, progress));
  return (
    <g className="kfj-Glyph kfj-mod-running" aria-hidden="true">
      <circle r={RADIUS} className="kfj-Glyph-track" />
      <g className={progress === undefined ? 'kfj-Glyph-turning' : undefined}>
        <circle
          r={RADIUS}
          className="kfj-Glyph-ring"
          strokeDasharray={`${part * ROUND} ${ROUND}`}
          transform="rotate(-90)"
        />
      </g>
    </g>
  );
}

const DISC = <circle r="7" className="kfj-Glyph-disc" />;

const SHAPES: Record<Exclude<ShownState, 'running'>, React.JSX.Element> = {
  waiting: (
    <>
      <circle r={RADIUS} className="kfj-Glyph-line" strokeDasharray="2.2 2.5" />
    </>
  ),
  succeeded: (
    <>
      {DISC}
      <path d="M-3.2,0.2L-0.9,2.6L3.3,-2.2" className="kfj-Glyph-sign" />
    </>
  ),
  reused: (
    <>
      {DISC}
      <path
        d="M-3.4,-0.6A3.5,3.5 0 0 1 2.9,-1.9M3.4,0.6A3.5,3.5 0 0 1 -2.9,1.9M3.1,-4.2V-1.7H0.7M-3.1,4.2V1.7H-0.7"
        className="kfj-Glyph-sign kfj-mod-thin"
      />
    </>
  ),
  failed: (
    <>
      {DISC}
      <path d="M-2.6,-2.6L2.6,2.6M-2.6,2.6L2.6,-2.6" className="kfj-Glyph-sign" />
    </>
  ),
  cancelled: (
    <>
      {DISC}
      <rect x="-2.6" y="-2.6" width="5.2" height="5.2" className="kfj-Glyph-stop" />
    </>
  ),
  skipped: (
    <>
      <circle r={RADIUS} className="kfj-Glyph-line" />
      <path d="M-2.8,0H2.8M0.5,-2.3L2.8,0L0.5,2.3" className="kfj-Glyph-line" />
    </>
  )
};

/** A problem's severity: a disc with an exclamation mark, a triangle, a disc with an i. */
export function SeverityGlyph({ severity }: { severity: Severity }): React.JSX.Element {
  const { ground, sign } = SEVERITY_SHAPES[severity];
  return (
    <g className={`kfj-Glyph kfj-mod-${severity}`} aria-hidden="true">
      {ground ? <path d={ground} className="kfj-Glyph-disc" strokeLinejoin="round" /> : DISC}
      <path d={sign} className="kfj-Glyph-sign" />
    </g>
  );
}

/** A drawing as an element of its own, in a line of text. */
export function Inline({ children }: { children: React.ReactNode }): React.JSX.Element {
  return (
    <svg className="kfj-Inline" viewBox="-8 -8 16 16" width="16" height="16" aria-hidden="true">
      {children}
    </svg>
  );
}
