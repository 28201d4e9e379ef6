import { ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type * as schema from '../api/schema';
import type { IServer } from '../tokens';
import { pipelineIcon } from '../ui/icons';
import { Empty, Loading, Problem } from '../ui/message';
import { duration } from '../ui/states';
import { columnsOf, type IColumn, type ISorting, sorted } from './compare-model';
import { CompareRuns } from './compared-runs';
import { moment, valueText } from './format';
import { Plots } from './plots';
import { useSignal } from '../ui/signal';
import { RunState } from './state';

interface IProps {
  model: CompareRuns;
  open: (id: string) => void;
  trans: TranslationBundle;
}

export function createComparison({
  ids,
  server,
  ...props
}: Omit<IProps, 'model'> & { ids: readonly string[]; server: IServer }): CompareWidget {
  return new CompareWidget({ ...props, model: new CompareRuns(ids, server.client, server.stream) });
}

/** Runs beside each other: parameters and metrics as a table and as a plot. */
export class CompareWidget extends ReactWidget {
  constructor(private readonly props: IProps) {
    super();
    this.addClass('kfj-Compare');
    const { model, trans } = props;
    this.title.icon = pipelineIcon;
    this.title.label = trans.__('Compare %1 runs', model.ids.length);
    this.title.caption = model.ids.join(', ');
  }

  override dispose(): void {
    super.dispose();
    this.props.model.dispose();
  }

  protected override render(): React.JSX.Element {
    return <Compare {...this.props} />;
  }
}

export function Compare({ model, open, trans }: IProps): React.JSX.Element {
  useSignal(model.changed);
  const { runs, missing, error } = model;
  if (error !== null) {
    return <Problem error={error} trans={trans} retry={() => model.refresh()} />;
  }
  if (runs === null) {
    return <Loading>{trans.__('Asking for the runs…')}</Loading>;
  }
  const label = (column: IColumn) => (column.kind === 'time' ? trans.__('Time') : column.name);
  return (
    <>
      {missing.length > 0 && (
        <p className="kfj-Alert" role="status">
          {trans.__('There are no such runs any more: %1', missing.join(', '))}
        </p>
      )}
      {runs.length === 0 ? (
        <Empty title={trans.__('None of the runs is left')} />
      ) : (
        <>
          <Table runs={runs} label={label} open={open} trans={trans} />
          <Plots runs={runs} label={label} trans={trans} />
        </>
      )}
    </>
  );
}

function Table({
  runs,
  label,
  open,
  trans
}: {
  runs: readonly schema.RunSummary[];
  label: (column: IColumn) => string;
  open: (id: string) => void;
  trans: TranslationBundle;
}): React.JSX.Element {
  const [sorting, setSorting] = React.useState<ISorting | null>(null);
  const [only, setOnly] = React.useState(false);
  const columns = React.useMemo(() => columnsOf(runs), [runs]);
  const shown = only ? columns.filter(column => column.differs) : columns;
  const order = sorted(runs, columns, sorting);
  const place = new Map(runs.map((run, index) => [run.id, index]));
  return (
    <>
      <p className="kfj-Compare-bar">
        <label>
          <input type="checkbox" checked={only} onChange={event => setOnly(event.target.checked)} />{' '}
          {trans.__('Only what differs')}
        </label>
        <span className="kfj-Quiet">{trans.__('≠ marks what is not the same in all runs.')}</span>
      </p>
      <div
        className="kfj-Compare-scroller"
        tabIndex={0}
        role="region"
        aria-label={trans.__('Runs beside each other')}
      >
        <table className="kfj-Table kfj-Compare-table">
          <thead>
            <tr>
              <th scope="col">{trans.__('Run')}</th>
              <th scope="col">{trans.__('State')}</th>
              {shown.map(column => (
                <Head
                  key={column.key}
                  column={column}
                  name={label(column)}
                  sorting={sorting}
                  trans={trans}
                  onSort={setSorting}
                />
              ))}
            </tr>
          </thead>
          <tbody>
            {order.map(run => (
              <tr key={run.id}>
                <th scope="row">
                  <button className="kfj-Link" title={moment(run.created)} onClick={() => open(run.id)}>
                    {run.name}
                  </button>
                  <div className="kfj-Quiet">{run.id}</div>
                </th>
                <td>
                  <RunState state={run.state} trans={trans} />
                </td>
                {shown.map(column => (
                  <td
                    key={column.key}
                    className={`${column.numeric ? 'kfj-mod-number' : ''}${column.differs ? ' kfj-mod-differs' : ''}`}
                  >
                    {shownValue(column, column.values[place.get(run.id) ?? -1])}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function shownValue(column: IColumn, value: unknown): string {
  if (value === undefined || value === null) {
    return '–';
  }
  return column.kind === 'time' && typeof value === 'number' ? duration(value) : valueText(value);
}

function Head({
  column,
  name,
  sorting,
  trans,
  onSort
}: {
  column: IColumn;
  name: string;
  sorting: ISorting | null;
  trans: TranslationBundle;
  onSort: (sorting: ISorting) => void;
}): React.JSX.Element {
  const own = sorting?.key === column.key;
  const kind = {
    parameter: trans.__('parameter'),
    metric: trans.__('metric'),
    time: ''
  }[column.kind];
  return (
    <th
      scope="col"
      aria-sort={own ? (sorting.descending ? 'descending' : 'ascending') : 'none'}
      className={column.numeric ? 'kfj-mod-number' : undefined}
    >
      <button
        className="kfj-Link"
        onClick={() => onSort({ key: column.key, descending: own ? !sorting.descending : false })}
      >
        {name} {own ? (sorting.descending ? '▾' : '▴') : ''}
      </button>
      <div className="kfj-Compare-kind">
        {kind}{' '}
        {column.differs && column.kind !== 'time' && (
          <abbr title={trans.__('Not the same in all runs')}>≠</abbr>
        )}
      </div>
    </th>
  );
}
