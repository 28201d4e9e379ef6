import { type IRenderMimeRegistry, MimeModel } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

import type * as schema from '../api/schema';
import { Empty } from '../ui/message';
import type { RunModel } from './model';

/** What the steps have shown: figures, tables, HTML. */
export function Results({
  model,
  detail,
  rendermime,
  trans
}: {
  model: RunModel;
  detail: schema.RunDetail;
  rendermime: IRenderMimeRegistry;
  trans: TranslationBundle;
}): React.JSX.Element {
  const shown = detail.steps.filter(step => model.outputs.has(step.name));
  if (shown.length === 0) {
    return (
      <Empty title={trans.__('No results')}>
        <p>{trans.__('Figures, tables and other rich outputs of the steps appear here.')}</p>
      </Empty>
    );
  }
  return (
    <div className="kfj-Results">
      {shown.map(({ name }) => (
        <section key={name} aria-label={name}>
          <h3>{name}</h3>
          {model.outputs.get(name)?.map((output, place) => (
            <Output key={place} output={output} rendermime={rendermime} trans={trans} />
          ))}
        </section>
      ))}
    </div>
  );
}

/** One output, shown as the notebook shows those of which it does not know who made them. */
function Output({
  output,
  rendermime,
  trans
}: {
  output: schema.Output;
  rendermime: IRenderMimeRegistry;
  trans: TranslationBundle;
}): React.JSX.Element {
  const host = React.useRef<HTMLDivElement>(null);
  const [error, setError] = React.useState('');
  // What comes anew from the server is equal more often than not: it is drawn again only when it is not.
  const bundle = JSON.stringify(output.data);
  // Taken off while the host is still in the page, which Lumino insists on: an effect would come too late.
  React.useLayoutEffect(() => {
    const element = host.current;
    const data = JSON.parse(bundle) as MimeModel['data'];
    const mime = rendermime.preferredMimeType(data, 'ensure');
    if (!element || mime === undefined) {
      return;
    }
    const renderer = rendermime.createRenderer(mime);
    Widget.attach(renderer, element);
    let current = true;
    renderer.renderModel(new MimeModel({ data, trusted: false })).catch((reason: unknown) => {
      if (current) {
        setError(String(reason));
      }
    });
    return () => {
      current = false;
      renderer.dispose();
    };
  }, [bundle, rendermime]);
  return (
    <div className="kfj-Output jp-OutputArea-output">
      <div ref={host} />
      {error && <p role="alert">{trans.__('This output could not be shown: %1', error)}</p>}
      {output.left_out.length > 0 && (
        <p className="kfj-Quiet">
          {trans.__('Too large to be shown here: %1. Open the step to see it.', output.left_out.join(', '))}
        </p>
      )}
    </div>
  );
}
