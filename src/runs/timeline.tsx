import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type * as schema from '../api/schema';
import { useNow } from '../ui/now';
import { duration, shownState, stateWord } from '../ui/states';
import { isOver } from './events';
import { StepState } from './state';
import { timelineOf } from './timeline-layout';

/** When each step began and how long it took. */
export function Timeline({
  detail,
  selected,
  trans,
  onSelect
}: {
  detail: schema.RunDetail;
  selected: string | null;
  trans: TranslationBundle;
  onSelect: (step: string) => void;
}): React.JSX.Element {
  const going = !isOver(detail.summary.state);
  const now = useNow(going ? 0.5 : 3600);
  const { bars, ticks } = timelineOf(detail, now);
  return (
    <div className="kfj-Timeline" role="table" aria-label={trans.__('Timeline of the steps')}>
      <div className="kfj-Timeline-row kfj-Timeline-head" aria-hidden="true">
        <span />
        <span className="kfj-Timeline-track">
          {ticks.map(tick => (
            <span key={tick.seconds} className="kfj-Timeline-tick" style={{ left: `${tick.at}%` }}>
              {tick.seconds === 0 ? '0' : duration(tick.seconds)}
            </span>
          ))}
        </span>
      </div>
      {bars.map(({ step, left, width, seconds }) => {
        const state = shownState(step);
        const time = seconds === null ? '' : duration(seconds);
        return (
          <div
            key={step.name}
            role="row"
            className={`kfj-Timeline-row${step.name === selected ? ' kfj-mod-selected' : ''}`}
          >
            <span role="rowheader" className="kfj-Timeline-name">
              <button className="kfj-Link" title={step.name} onClick={() => onSelect(step.name)}>
                {step.name}
              </button>
            </span>
            <span role="cell" className="kfj-Timeline-track">
              {left === null ? (
                <span className="kfj-Timeline-note">
                  <StepState step={step} trans={trans} />
                  {state === 'reused' && time && ` ${trans.__('(took %1 before)', time)}`}
                </span>
              ) : (
                <>
                  <span
                    className={`kfj-Timeline-bar kfj-mod-${state}`}
                    style={{ left: `${left}%`, width: `${width}%` }}
                    title={`${step.name}: ${stateWord(state, trans)}, ${time}`}
                  />
                  <span
                    className="kfj-Timeline-time"
                    style={left + width > 75 ? { right: `${100 - left}%` } : { left: `${left + width}%` }}
                  >
                    <span className="kfj-Hidden">{stateWord(state, trans)}, </span>
                    {time}
                  </span>
                </>
              )}
            </span>
          </div>
        );
      })}
    </div>
  );
}
