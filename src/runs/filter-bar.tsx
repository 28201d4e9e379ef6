import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type * as schema from '../api/schema';
import { useSignal } from '../ui/signal';
import type { ICurrentNotebook } from './list';
import type { ListModel } from './list-model';

/** The states that can be asked for, together where nobody would ask for one alone. */
const CHOICES: Record<string, readonly schema.RunState[]> = {
  all: [],
  going: ['queued', 'running'],
  succeeded: ['succeeded'],
  failed: ['failed'],
  stopped: ['cancelled', 'interrupted']
};

export function FilterBar({
  model,
  current,
  trans
}: {
  model: ListModel;
  current: ICurrentNotebook;
  trans: TranslationBundle;
}): React.JSX.Element {
  useSignal(current.changed);
  const { text, states, notebook } = model.filter;
  const words: Record<string, string> = {
    all: trans.__('All states'),
    going: trans.__('Going on'),
    succeeded: trans.__('Succeeded'),
    failed: trans.__('Failed'),
    stopped: trans.__('Cancelled or interrupted')
  };
  const chosen = Object.keys(CHOICES).find(name => CHOICES[name]?.join() === states.join()) ?? 'all';
  const { path } = current;

  React.useEffect(() => {
    if (notebook !== null && path !== null && path !== notebook) {
      model.setFilter({ notebook: path }); // "this notebook" is another one now
    }
  }, [model, notebook, path]);

  return (
    <div className="kfj-Runs-filter" role="search">
      <input
        type="search"
        className="jp-mod-styled"
        placeholder={trans.__('Search name, path, parameters')}
        aria-label={trans.__('Search runs')}
        value={text}
        onChange={event => model.setFilter({ text: event.target.value })}
      />
      <select
        className="jp-mod-styled"
        aria-label={trans.__('State')}
        value={chosen}
        onChange={event => model.setFilter({ states: CHOICES[event.target.value] ?? [] })}
      >
        {Object.keys(CHOICES).map(name => (
          <option key={name} value={name}>
            {words[name]}
          </option>
        ))}
      </select>
      <label title={path ?? trans.__('No notebook is open')}>
        <input
          type="checkbox"
          checked={notebook !== null}
          disabled={path === null && notebook === null}
          onChange={event => model.setFilter({ notebook: event.target.checked ? path : null })}
        />{' '}
        {trans.__('This notebook only')}
      </label>
    </div>
  );
}
