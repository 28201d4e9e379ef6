import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { explain } from './explain';

/** A room without contents: what that means and what to do. */
export function Empty({ title, children }: { title: string; children?: React.ReactNode }): React.JSX.Element {
  return (
    <div className="kfj-Empty">
      <p className="kfj-Empty-title">{title}</p>
      {children}
    </div>
  );
}

/** Why something could not be shown or done, and what to do. */
export function Problem({
  error,
  trans,
  retry
}: {
  error: unknown;
  trans: TranslationBundle;
  retry?: () => void;
}): React.JSX.Element {
  const { what, todo, command } = explain(error, trans);
  return (
    <div role="alert" className="kfj-Alert">
      <p>{what}</p>
      {todo && <p>{todo}</p>}
      {command && <pre>{command}</pre>}
      {retry && (
        <button className="jp-mod-styled" onClick={retry}>
          {trans.__('Try again')}
        </button>
      )}
    </div>
  );
}

export function Loading({ children }: { children: React.ReactNode }): React.JSX.Element {
  return (
    <p role="status" className="kfj-Loading">
      {children}
    </p>
  );
}
