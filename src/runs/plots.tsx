import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type * as schema from '../api/schema';
import { columnsOf, type IColumn } from './compare-model';
import { Parallel, Scatter } from './plot';

type Kind = 'over' | 'against' | 'parallel';
/** Axes beyond which nothing can be made out. */
const MOST_AXES = 8;

/** A plot of what is compared; which one, the user chooses. */
export function Plots({
  runs,
  label,
  trans
}: {
  runs: readonly schema.RunSummary[];
  label: (column: IColumn) => string;
  trans: TranslationBundle;
}): React.JSX.Element {
  const [kind, setKind] = React.useState<Kind>('over');
  const [metric, setMetric] = React.useState('');
  const [parameter, setParameter] = React.useState('');
  // As people read it: the oldest run first.
  const order = React.useMemo(() => [...runs].sort((one, other) => one.created - other.created), [runs]);
  const columns = React.useMemo(() => columnsOf(order), [order]);
  const measured = columns.filter(column => column.kind !== 'parameter' && column.numeric);
  const given = columns.filter(column => column.kind === 'parameter');
  const y = measured.find(column => column.key === metric) ?? measured[0];
  const x =
    given.find(column => column.key === parameter) ?? given.find(column => column.differs) ?? given[0];
  if (!y) {
    return (
      <p className="kfj-Quiet kfj-Compare-bar">
        {trans.__('There are no numbers to plot: none of the runs has ended.')}
      </p>
    );
  }
  const axes = columns.filter(column => column.differs).slice(0, MOST_AXES);
  const plot = () => {
    switch (kind) {
      case 'over':
        return <Scatter runs={order} x={null} y={y} label={label} trans={trans} />;
      case 'against':
        return x ? (
          <Scatter runs={order} x={x} y={y} label={label} trans={trans} />
        ) : (
          <p className="kfj-Quiet">{trans.__('The runs have no parameters.')}</p>
        );
      case 'parallel':
        return axes.length > 1 ? (
          <Parallel runs={order} columns={axes} label={label} trans={trans} />
        ) : (
          <p className="kfj-Quiet">{trans.__('The runs differ in too little for this plot.')}</p>
        );
    }
  };
  const select = (
    name: string,
    value: string,
    of: readonly (readonly [string, string])[],
    set: (to: string) => void
  ) => (
    <label>
      {name}{' '}
      <select className="jp-mod-styled" value={value} onChange={event => set(event.target.value)}>
        {of.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
  const options = (list: readonly IColumn[]) => list.map(column => [column.key, label(column)] as const);
  return (
    <section aria-label={trans.__('Plot')}>
      <p className="kfj-Compare-bar">
        {select(
          trans.__('Plot'),
          kind,
          [
            ['over', trans.__('Metric over runs')],
            ['against', trans.__('Metric against parameter')],
            ['parallel', trans.__('Parallel coordinates')]
          ],
          to => setKind(to as Kind)
        )}
        {kind !== 'parallel' && select(trans.__('Metric'), y.key, options(measured), setMetric)}
        {kind === 'against' && x && select(trans.__('Parameter'), x.key, options(given), setParameter)}
      </p>
      {plot()}
    </section>
  );
}
