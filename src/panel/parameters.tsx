import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { PipelineView } from '../api/schema';
import { textOf } from './form';
import type { Session } from './session';

/** The parameters of a pipeline and their defaults. */
export function Parameters({
  view,
  session,
  trans
}: {
  view: PipelineView;
  session: Session;
  trans: TranslationBundle;
}): React.JSX.Element | null {
  if (view.parameters.length === 0) {
    return null;
  }
  return (
    <section className="kfj-Section">
      <h3>{trans.__('Parameters')}</h3>
      <table className="kfj-Parameters">
        <tbody>
          {view.parameters.map(parameter => {
            const cell = view.cells.find(one => one.index === parameter.cell)?.id;
            return (
              <tr key={parameter.name}>
                <th scope="row">
                  <button
                    type="button"
                    className="kfj-link"
                    title={trans.__('Show where it is set')}
                    disabled={cell === undefined}
                    onClick={() =>
                      cell !== undefined && void session.model.reveal(cell, parameter.line ?? undefined)
                    }
                  >
                    {parameter.name}
                  </button>
                </th>
                <td>
                  <code>{textOf(parameter, parameter.default) || trans.__('none')}</code>{' '}
                  <span className="kfj-dim">{parameter.type}</span>
                  {parameter.description && <div className="kfj-dim">{parameter.description}</div>}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}
