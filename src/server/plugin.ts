import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

import { DisposableSet } from '@lumino/disposable';

import { Client } from '../api/client';
import type { IStream } from '../api/stream';
import { IServer } from '../tokens';

/** The one client of the server extension and the one event stream, for all rooms. */
export const serverPlugin: JupyterFrontEndPlugin<IServer> = {
  id: 'kfjlab:server',
  description: 'Speaks with the kfjlab server extension.',
  autoStart: true,
  provides: IServer,
  activate: (app: JupyterFrontEnd): IServer => {
    const client = new Client(app.serviceManager.serverSettings);
    return { client, stream: silent };
  }
};

/** Says nothing: pages show what they are told when they ask. */
const silent: IStream = { follow: () => new DisposableSet(), watch: () => new DisposableSet() };
