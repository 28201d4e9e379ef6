import { PathExt } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';

import { RequestError } from '../api/client';
import type { Client } from '../api/client';
import { download } from './download';
import type { ISettingValues } from '../tokens';
import type { Format } from './formats';
import { nodesOf } from './nodes';
import { picturesOf, statusesOf } from './pictures';
import type { Session } from './session';

/** Download the pipeline of a notebook: as a script, or its graph as it is shown. */
export async function exportGraph(
  session: Session,
  format: Format,
  client: Client,
  { graphDirection, graphFigures, graphRun }: ISettingValues,
  trans: TranslationBundle
): Promise<void> {
  const { view } = session.model;
  if (!view || view.steps.length === 0) {
    throw new RequestError(
      'refused',
      trans.__('There is no graph to export.'),
      view?.problems[0]?.message ?? trans.__('Wait until the notebook has been read.')
    );
  }
  if (format === 'mermaid' || format === 'python') {
    const { text, file_name: name } = await client.export(session.model.content(), format);
    download(text, name, format === 'python' ? 'text/x-python' : 'text/plain');
    return;
  }
  const { svgOf, pngOf } = await import('../graph/picture');
  const run = graphRun ? session.latest : null;
  const svg = await svgOf({
    nodes: nodesOf(view),
    edges: view.edges,
    statuses: run?.detail ? statusesOf(run.detail, run.progress) : undefined,
    pictures: run && graphFigures ? picturesOf(run.outputs) : undefined,
    direction: graphDirection,
    trans
  });
  const stem = PathExt.basename(session.path, PathExt.extname(session.path));
  if (format === 'svg') {
    download(svg, `${stem}.svg`, 'image/svg+xml');
  } else {
    download(await pngOf(svg), `${stem}.png`, 'image/png');
  }
}
