import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { PageConfig } from '@jupyterlab/coreutils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { Client } from '../api/client';
import { Stream } from '../api/stream';
import { IServer } from '../tokens';
import { decisionsOf, Policy } from './policy';

/** The one client of the server extension, the one event stream and what the administrator has decided, for all rooms. */
export const serverPlugin: JupyterFrontEndPlugin<IServer> = {
  id: 'kfjlab:server',
  description: 'Speaks with the kfjlab server extension.',
  autoStart: true,
  provides: IServer,
  optional: [ITranslator],
  activate: (app: JupyterFrontEnd, translator: ITranslator | null): IServer => {
    const settings = app.serviceManager.serverSettings;
    const trans = (translator ?? nullTranslator).load('kfjlab');
    const client = new Client(settings);
    const policy = new Policy(decisionsOf(PageConfig.getOption('kfjlab')), () => client.policy(), trans);
    // The page was loaded before the administrator has decided something else.
    client.denied.connect(() => void policy.refresh());
    return { client, stream: new Stream(settings), policy };
  }
};
