import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type * as schema from '../api/schema';
import type { IColumn } from './compare-model';
import { valueText } from './format';
import { axisOf, type IAxis } from './plot-layout';

const WIDTH = 640;
const HEIGHT = 300;
const LEFT = 70;
const RIGHT = 24;
const TOP = 24;
const BOTTOM = 48;
const ROOM = { x: WIDTH - LEFT - RIGHT, y: HEIGHT - TOP - BOTTOM };

interface IPlotProps {
  runs: readonly schema.RunSummary[];
  label: (column: IColumn) => string;
  trans: TranslationBundle;
}

const cut = (text: string, most = 12) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
const across = (at: number) => LEFT + at * ROOM.x;
/** Room between the axes and the outermost points. */
const inset = (at: number) => 0.03 + 0.94 * at;
const up = (at: number) => TOP + (1 - at) * ROOM.y;

/** One column against another (`x`), or over the runs in their order (`x` null). */
export function Scatter({
  runs,
  x,
  y,
  label,
  trans
}: IPlotProps & { x: IColumn | null; y: IColumn }): React.JSX.Element {
  const vertical = axisOf(y, valueText);
  const horizontal: IAxis = x
    ? axisOf(x, valueText)
    : {
        place: value => (runs.length < 2 ? 0.5 : (value as number) / (runs.length - 1)),
        ticks:
          runs.length > 16
            ? []
            : runs.map((run, n) => ({ at: n / Math.max(1, runs.length - 1), label: run.id }))
      };
  const points = runs.flatMap((run, place) => {
    const left = horizontal.place(x ? x.values[place] : place);
    const height = vertical.place(y.values[place]);
    return left === null || height === null
      ? []
      : [{ run, place, x: across(inset(left)), y: up(inset(height)) }];
  });
  const title = x ? trans.__('%1 against %2', label(y), label(x)) : trans.__('%1 over the runs', label(y));
  return (
    <Frame
      title={title}
      description={told(
        points.map(p => p.place),
        runs,
        x,
        y,
        label
      )}
    >
      {vertical.ticks.map(tick => (
        <g key={tick.at}>
          <line
            className="kfj-Plot-grid"
            x1={LEFT}
            x2={WIDTH - RIGHT}
            y1={up(inset(tick.at))}
            y2={up(inset(tick.at))}
          />
          <text x={LEFT - 8} y={up(inset(tick.at)) + 4} textAnchor="end">
            {cut(tick.label, 9)}
          </text>
        </g>
      ))}
      {horizontal.ticks.map((tick, place) => (
        <text
          key={tick.at}
          x={across(inset(tick.at))}
          y={HEIGHT - BOTTOM + 18 + (horizontal.ticks.length > 6 && place % 2 ? 13 : 0)}
          textAnchor="middle"
        >
          {cut(tick.label)}
        </text>
      ))}
      {!x && <polyline className="kfj-Plot-line" points={points.map(p => `${p.x},${p.y}`).join(' ')} />}
      {points.map(({ run, place, x: left, y: top }) => (
        <circle key={run.id} className="kfj-Plot-point" cx={left} cy={top} r="5">
          <title>{`${run.id}: ${label(y)} ${valueText(y.values[place])}${x ? `, ${label(x)} ${valueText(x.values[place])}` : ''}`}</title>
        </circle>
      ))}
    </Frame>
  );
}

/** A line for each run through an axis for each column. */
export function Parallel({
  runs,
  columns,
  label,
  trans
}: IPlotProps & { columns: readonly IColumn[] }): React.JSX.Element {
  const axes = columns.map(column => axisOf(column, valueText));
  const at = (place: number) => across(columns.length < 2 ? 0.5 : place / (columns.length - 1));
  return (
    <Frame
      title={trans.__('Runs through %1', columns.map(label).join(', '))}
      description={trans.__('The table above has the same values.')}
    >
      {axes.map((axis, place) => (
        <g key={columns[place]?.key}>
          <line className="kfj-Plot-axis" x1={at(place)} x2={at(place)} y1={TOP} y2={HEIGHT - BOTTOM} />
          <text
            className="kfj-Plot-name"
            x={at(place)}
            y={HEIGHT - BOTTOM + 22 + (place % 2) * 14}
            textAnchor="middle"
          >
            {cut(columns[place] ? label(columns[place]) : '', 16)}
          </text>
          {axis.ticks.slice(0, 8).map(tick => (
            <text key={tick.at} x={at(place) - 5} y={up(tick.at) + 4} textAnchor="end">
              {cut(tick.label, 9)}
            </text>
          ))}
        </g>
      ))}
      {runs.map((run, of) => {
        const points = axes.flatMap((axis, place) => {
          const height = axis.place(columns[place]?.values[of]);
          return height === null ? [] : [`${at(place)},${up(height)}`];
        });
        return (
          <polyline key={run.id} className={`kfj-Plot-run kfj-hue-${of % 8}`} points={points.join(' ')}>
            <title>{run.id}</title>
          </polyline>
        );
      })}
    </Frame>
  );
}

function Frame({
  title,
  description,
  children
}: {
  title: string;
  description: string;
  children: React.ReactNode;
}): React.JSX.Element {
  const id = React.useId();
  return (
    <figure className="kfj-Plot">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={title} aria-describedby={id}>
        {children}
      </svg>
      <figcaption>
        {title}. <span id={id}>{description}</span>
      </figcaption>
    </figure>
  );
}

/** The extremes, in words. */
function told(
  places: readonly number[],
  runs: readonly schema.RunSummary[],
  x: IColumn | null,
  y: IColumn,
  label: (column: IColumn) => string
): string {
  const numbers = places.filter(place => typeof y.values[place] === 'number');
  if (numbers.length === 0) {
    return '';
  }
  const value = (place: number) => y.values[place] as number;
  const least = numbers.reduce((best, place) => (value(place) < value(best) ? place : best));
  const most = numbers.reduce((best, place) => (value(place) > value(best) ? place : best));
  const one = (place: number) =>
    `${valueText(y.values[place])} (${runs[place]?.id ?? ''}${x ? `, ${label(x)} ${valueText(x.values[place])}` : ''})`;
  return least === most ? one(least) : `${one(least)} – ${one(most)}`;
}
