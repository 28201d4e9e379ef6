import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Client } from '../api/client';
import type * as schema from '../api/schema';
import { Loading, Problem } from '../ui/message';
import { useSignal } from '../ui/signal';
import { useWindow } from '../ui/windowed';
import { spansOf } from './ansi';
import { bytes } from './format';
import { LogModel } from './log-model';
import { LogSearch } from './log-search';
import type { RunModel } from './model';

/** Pixels; the same in style/run-page.css. */
const LINE = 18;

/** What the steps have printed: one log at a time. */
export function Logs(props: {
  model: RunModel;
  client: Client;
  detail: schema.RunDetail;
  /** Empty: the imports and functions cells. */
  step: string;
  trans: TranslationBundle;
  onSelect: (step: string) => void;
}): React.JSX.Element {
  const { detail, step, trans, onSelect } = props;
  return (
    <StepLog key={step} {...props}>
      <select
        className="jp-mod-styled"
        aria-label={trans.__('Step')}
        value={step}
        onChange={event => onSelect(event.target.value)}
      >
        {detail.steps.map(({ name }) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
        <option value="">{trans.__('Imports and functions')}</option>
      </select>
    </StepLog>
  );
}

function StepLog({
  model,
  client,
  step,
  trans,
  children
}: {
  model: RunModel;
  client: Client;
  step: string;
  trans: TranslationBundle;
  /** Beside the tools of the log. */
  children: React.ReactNode;
}): React.JSX.Element {
  const [log] = React.useState(() => new LogModel(client, model.id, step));
  React.useEffect(() => {
    const grown = (_: RunModel, name: string | null) => {
      if ((name ?? '') === step) {
        log.grown();
      }
    };
    model.logged.connect(grown);
    void log.toEnd();
    return () => {
      model.logged.disconnect(grown);
      log.dispose();
    };
  }, [model, log, step]);
  return (
    <div className="kfj-Log">
      <div className="kfj-Log-bar">
        {children}
        <LogSearch log={log} client={client} trans={trans} />
      </div>
      <Lines log={log} trans={trans} />
    </div>
  );
}

function Lines({ log, trans }: { log: LogModel; trans: TranslationBundle }): React.JSX.Element {
  useSignal(log.changed);
  const { lines } = log;
  if (lines === null) {
    return log.error === null ? (
      <Loading>{trans.__('Reading the log…')}</Loading>
    ) : (
      <Problem error={log.error} trans={trans} retry={() => void log.toEnd()} />
    );
  }
  return (
    <>
      {log.error !== null && <Problem error={log.error} trans={trans} retry={() => void log.toEnd()} />}
      {log.start > 0 && (
        <p className="kfj-Log-edge">
          {trans.__('%1 of %2 are before this.', bytes(log.start), bytes(log.size))}{' '}
          <button className="kfj-Link" onClick={() => void log.earlier()}>
            {trans.__('Load earlier')}
          </button>
        </p>
      )}
      <Scroller log={log} lines={lines} trans={trans} />
      {!log.atEnd && (
        <p className="kfj-Log-edge">
          <button className="kfj-Link" onClick={() => void log.later()}>
            {trans.__('Load later')}
          </button>{' '}
          <button className="kfj-Link" onClick={() => void log.toEnd()}>
            {trans.__('Go to the end')}
          </button>
        </p>
      )}
    </>
  );
}

function Scroller({
  log,
  lines,
  trans
}: {
  log: LogModel;
  lines: readonly string[];
  trans: TranslationBundle;
}): React.JSX.Element {
  const scroller = React.useRef<HTMLDivElement>(null);
  const { first, end } = useWindow(scroller, lines.length, LINE);
  useStayAtEnd(scroller, log, lines.length);
  return (
    <div
      ref={scroller}
      className="kfj-Log-lines"
      tabIndex={0}
      role="log"
      aria-live="off"
      aria-label={trans.__('Log')}
    >
      {lines.length === 0 ? (
        <p className="kfj-Quiet">{trans.__('Nothing was printed.')}</p>
      ) : (
        <div className="jp-RenderedText" style={{ height: lines.length * LINE }}>
          <pre style={{ transform: `translateY(${first * LINE}px)` }}>
            {lines.slice(first, end).map((line, place) => (
              <Line key={first + place} line={line} />
            ))}
          </pre>
        </div>
      )}
    </div>
  );
}

const Line = React.memo(function Line({ line }: { line: string }): React.JSX.Element {
  return (
    <div className="kfj-Log-line">
      {spansOf(line).map((span, place) =>
        span.classes ? (
          <span key={place} className={span.classes}>
            {span.text}
          </span>
        ) : (
          span.text
        )
      )}
    </div>
  );
});

/** Who looks at the end sees what comes; who has scrolled up keeps seeing the same lines. */
function useStayAtEnd(scroller: React.RefObject<HTMLDivElement | null>, log: LogModel, count: number): void {
  const before = React.useRef({ start: 0, count: 0, jumps: 0 });
  React.useLayoutEffect(() => {
    const element = scroller.current;
    const last = before.current;
    before.current = { start: log.start, count, jumps: log.jumps };
    if (!element) {
      return;
    }
    const atEnd = element.scrollTop + element.clientHeight >= last.count * LINE - LINE;
    if (log.jumps !== last.jumps) {
      element.scrollTo(0, 0);
    } else if (log.start < last.start && last.count > 0) {
      element.scrollBy(0, Math.max(0, count - last.count) * LINE);
    } else if (log.atEnd && (atEnd || last.count === 0)) {
      element.scrollTo(0, count * LINE);
    }
  }, [scroller, log, log.start, log.atEnd, log.jumps, count]);
}
