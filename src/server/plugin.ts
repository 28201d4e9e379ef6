import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

import { Client } from '../api/client';
import { Stream } from '../api/stream';
import { IServer } from '../tokens';

/** The one client of the server extension and the one event stream, for all rooms. */
export const serverPlugin: JupyterFrontEndPlugin<IServer> = {
  id: 'kfjlab:server',
  description: 'Speaks with the kfjlab server extension.',
  autoStart: true,
  provides: IServer,
  activate: (app: JupyterFrontEnd): IServer => {
    const settings = app.serviceManager.serverSettings;
    return { client: new Client(settings), stream: new Stream(settings) };
  }
};
