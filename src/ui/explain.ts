import type { TranslationBundle } from '@jupyterlab/translation';
import { RequestError } from '../api/client';

/** What a user is told when something could not be done: what happened, and what to do (it may be empty: then nothing can be). */
export interface IExplanation {
  what: string;
  todo: string;
  /** A command to type, shown so that it can be copied. */
  command?: string;
}

export function explain(error: unknown, trans: TranslationBundle): IExplanation {
  const failure = error instanceof RequestError ? error.failure : 'failed';
  switch (failure) {
    case 'absent':
      return {
        what: trans.__('The kfjlab server extension is not enabled on this Jupyter server.'),
        todo: trans.__(
          'In the environment that runs the server, type the command below, then restart the server:'
        ),
        command: 'jupyter server extension enable kfjlab'
      };
    case 'forbidden':
      return {
        what: trans.__('The Jupyter server refused the request.'),
        todo: trans.__(
          'Reload this page and sign in again. If that does not help, ask who runs the server for access.'
        )
      };
    case 'unreachable':
      return {
        what: trans.__('The Jupyter server cannot be reached.'),
        todo: trans.__(
          'Check that the server is running and that this computer is connected, then try again.'
        )
      };
    case 'timeout':
      return {
        what: trans.__('The Jupyter server did not answer in time.'),
        todo: trans.__('It may be busy or starting. Try again; if this stays, look at the server’s log.')
      };
    case 'missing':
    case 'refused':
      return {
        what: (error as RequestError).message,
        todo: (error as RequestError).fix
      };
    case 'failed':
      return {
        what: trans.__(
          'The Jupyter server reported an error: %1',
          error instanceof Error ? error.message : String(error)
        ),
        todo: trans.__('Try again; if this stays, look at the server’s log.')
      };
  }
}
