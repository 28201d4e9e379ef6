import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type * as schema from '../api/schema';
import { number, valueText } from './format';

/** Names with their values, as a table. */
export function Facts({
  title,
  pairs,
  none
}: {
  title: string;
  pairs: readonly (readonly [string, React.ReactNode])[];
  none: string;
}): React.JSX.Element {
  return (
    <section className="kfj-Facts">
      <h3>{title}</h3>
      {pairs.length === 0 ? (
        <p className="kfj-Quiet">{none}</p>
      ) : (
        <table>
          <tbody>
            {pairs.map(([name, value]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{value}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

export function ParametersAndMetrics({
  run,
  trans
}: {
  run: schema.RunSummary;
  trans: TranslationBundle;
}): React.JSX.Element {
  return (
    <div className="kfj-Columns">
      <Facts
        title={trans.__('Parameters')}
        pairs={Object.entries(run.parameters).map(([name, value]) => [name, valueText(value)])}
        none={trans.__('The pipeline has no parameters.')}
      />
      <Facts
        title={trans.__('Metrics')}
        pairs={Object.entries(run.metrics).map(([name, value]) => [
          name,
          value === null ? '–' : number(value)
        ])}
        none={trans.__(
          'No metrics so far. Tag a cell “pipeline-metrics”, and the numbers that it assigns are kept.'
        )}
      />
    </div>
  );
}

/** What a run ran on and was asked. */
export function Environment({
  detail,
  trans
}: {
  detail: schema.RunDetail;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { summary } = detail;
  const about: [string, string][] = [
    [trans.__('Run'), summary.id],
    [trans.__('Notebook'), summary.file],
    [trans.__('Target'), summary.target],
    ...(summary.owner ? [[trans.__('Started by'), summary.owner] as [string, string]] : []),
    ...(summary.experiment ? [[trans.__('Experiment'), summary.experiment] as [string, string]] : []),
    [trans.__('Kernel'), detail.environment.kernel ?? ''],
    [trans.__('Files of the run'), detail.environment.files ?? '']
  ];
  return (
    <div className="kfj-Columns">
      <Facts title={trans.__('Where')} pairs={about} none="" />
      <Facts
        title={trans.__('Options')}
        pairs={Object.entries(detail.options).map(([name, value]) => [name, valueText(value)])}
        none={trans.__('None.')}
      />
    </div>
  );
}
