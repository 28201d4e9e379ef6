import type { TranslationBundle } from '@jupyterlab/translation';
import { copyIcon, deleteIcon, fastForwardIcon, type LabIcon, stopIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type * as schema from '../api/schema';
import type { IPolicy } from '../tokens';
import { lockIcon } from '../ui/icons';
import { duration, runWord } from '../ui/states';
import { isOver } from './events';
import { ago, moment, number, spent } from './format';
import { RunStateIcon } from './state';

/** Pixels. */
export const ROW_HEIGHT = 56;

export interface IRowProps {
  run: schema.RunSummary;
  index: number;
  active: boolean;
  selected: boolean;
  now: number;
  policy: IPolicy;
  trans: TranslationBundle;
  onOpen(): void;
  onToggle(): void;
  onAct(action: RowAction): void;
}

export type RowAction = 'resume' | 'cancel' | 'clone' | 'delete';

export const rowId = (run: string) => `kfj-run-${run}`;

export function canResume(run: Pick<schema.RunSummary, 'state'>): boolean {
  return isOver(run.state) && run.state !== 'succeeded';
}

export function Row(props: IRowProps): React.JSX.Element {
  const { run, trans, now } = props;
  const time = run.started ?? run.created;
  const took = spent(run, now);
  return (
    <div
      id={rowId(run.id)}
      role="row"
      aria-rowindex={props.index + 1}
      aria-selected={props.selected}
      className={`kfj-Run${props.active ? ' kfj-mod-active' : ''}${props.selected ? ' kfj-mod-selected' : ''}`}
      style={{ top: props.index * ROW_HEIGHT, height: ROW_HEIGHT }}
      onClick={props.onOpen}
    >
      <span role="gridcell" className="kfj-Run-check" onClick={event => event.stopPropagation()}>
        <input
          type="checkbox"
          tabIndex={-1}
          checked={props.selected}
          aria-label={trans.__('Select run %1 to compare', run.id)}
          onChange={props.onToggle}
        />
      </span>
      <span role="gridcell" className="kfj-Run-main">
        <span className="kfj-Run-first">
          <RunStateIcon state={run.state} />
          <span className="kfj-Run-name" title={trans.__('%1 · run %2', run.file, run.id)}>
            {run.name}
          </span>
          <time className="kfj-Run-time" dateTime={new Date(time * 1000).toISOString()} title={moment(time)}>
            {ago(time, now, trans)}
          </time>
        </span>
        <span className="kfj-Run-second">
          <span className={`kfj-State kfj-mod-${run.state}`}>{runWord(run.state, trans)}</span>
          {took !== null && <span>{duration(took)}</span>}
          <Details run={run} trans={trans} />
        </span>
      </span>
      <span role="gridcell" className="kfj-Run-actions" onClick={event => event.stopPropagation()}>
        <Actions {...props} />
      </span>
    </div>
  );
}

/** How far a run is, why it failed, or what it measured. */
function Details({ run, trans }: { run: schema.RunSummary; trans: TranslationBundle }): React.JSX.Element {
  if (!isOver(run.state)) {
    const all = Object.values(run.steps).reduce((sum, count) => sum + count, 0);
    return <span>{trans.__('%1 of %2 steps', run.steps.succeeded ?? 0, all)}</span>;
  }
  if (run.error !== null && run.state !== 'succeeded' && run.state !== 'cancelled') {
    return (
      <span className="kfj-Run-error" title={run.error}>
        {run.error}
      </span>
    );
  }
  const metrics = Object.entries(run.metrics);
  const text = metrics.map(([name, value]) => `${name} ${value === null ? '–' : number(value)}`).join(', ');
  return (
    <span className="kfj-Run-metrics" title={text}>
      {text}
    </span>
  );
}

/** The buttons of a row, which are walked with the arrow keys; none while the row is not drawn. */
export function buttonsOf(run: string): HTMLButtonElement[] {
  return [
    ...(document.getElementById(rowId(run))?.querySelectorAll<HTMLButtonElement>('.kfj-Run-actions button') ??
      [])
  ];
}

function Actions({ run, policy, trans, onAct }: IRowProps): React.JSX.Element {
  const button = (action: RowAction, label: string, icon: LabIcon, why: string | null = null) => {
    const Icon = why === null ? icon : lockIcon;
    return (
      <button
        key={action}
        className={`jp-Button jp-mod-minimal kfj-IconButton${why === null ? '' : ' kfj-mod-locked'}`}
        tabIndex={-1}
        title={why === null ? label : `${label} ${why}`}
        aria-label={trans.__('%1: run %2', label, run.id)}
        aria-disabled={why !== null || undefined}
        aria-description={why ?? undefined}
        onClick={() => why === null && onAct(action)}
      >
        <Icon.react tag="span" elementPosition="center" />
      </button>
    );
  };
  const noRun = policy.whyOff('run');
  return (
    <>
      {canResume(run) && button('resume', trans.__('Resume'), fastForwardIcon, noRun)}
      {button('clone', trans.__('Run again with these parameters…'), copyIcon, noRun)}
      {isOver(run.state)
        ? button('delete', trans.__('Delete…'), deleteIcon, policy.whyOff('delete'))
        : button('cancel', trans.__('Cancel'), stopIcon)}
    </>
  );
}
