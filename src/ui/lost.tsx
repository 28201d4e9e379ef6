import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IStream } from '../api/stream';
import { useSignal } from './signal';

/** Says that the server does not answer, as long as it does not. */
export function Lost({
  stream,
  trans
}: {
  stream: Pick<IStream, 'lost' | 'lostChanged' | 'retry'>;
  trans: TranslationBundle;
}): React.JSX.Element {
  useSignal(stream.lostChanged);
  return (
    // Always there, so that screen readers tell what comes into it.
    <div role="status">
      {stream.lost && (
        <div className="kfj-Lost">
          <p>
            {trans.__(
              'The server does not answer: this may be out of date. Runs go on without it; what they did is shown as soon as it is back.'
            )}
          </p>
          <button className="jp-mod-styled" onClick={() => stream.retry()}>
            {trans.__('Try now')}
          </button>
        </div>
      )}
    </div>
  );
}
