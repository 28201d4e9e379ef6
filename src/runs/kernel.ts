import { Notification } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';

import { answerOf, expressions, type ILoaded, LoadError, REPLACED } from './loading';

export interface ILoadRequest {
  run: string;
  step: string;
  when: 'before' | 'after';
}

/** Put a step's variables into a notebook's kernel, and tell the user what came of it. */
export async function loadInto(
  panel: Promise<NotebookPanel>,
  request: ILoadRequest,
  trans: TranslationBundle
): Promise<void> {
  const done = goingOn(trans.__('Loading variables of step “%1”…', request.step));
  try {
    const notebook = await panel;
    const loaded = await evaluated(await kernelOf(notebook, trans), request, trans);
    const name = notebook.title.label;
    const type = Object.keys(loaded.missing).length + loaded.replaced.length > 0 ? 'warning' : 'success';
    Notification.emit(told(loaded, request, name, trans), type, { autoClose: 8000 });
  } catch (error) {
    Notification.error(reason(error), { autoClose: false });
  } finally {
    done();
  }
}

/**
 * Tell that something goes on, if it takes a while. What is given ends that; the outcome is a notice of its own, because JupyterLab
 * may lose a change to a notice that it has not drawn yet. If it loses the end, the notice goes by itself.
 */
function goingOn(message: string): () => void {
  let id = '';
  const timer = setTimeout(() => {
    id = Notification.emit(message, 'in-progress', { autoClose: 30_000 });
  }, 300);
  return () => {
    clearTimeout(timer);
    if (id) {
      Notification.dismiss(id);
    }
  };
}

async function kernelOf(panel: NotebookPanel, trans: TranslationBundle): Promise<Kernel.IKernelConnection> {
  await panel.context.ready;
  await panel.sessionContext.ready;
  const kernel = panel.sessionContext.session?.kernel;
  if (!kernel) {
    throw new LoadError(
      trans.__('%1 has no kernel to load variables into.', panel.title.label),
      trans.__('Select one (Kernel → Change Kernel…), then load again.')
    );
  }
  await kernel.info;
  switch (kernel.status) {
    case 'busy':
      throw new LoadError(
        trans.__('The kernel of %1 is busy.', panel.title.label),
        trans.__('Wait until its cells are done, or interrupt it, then load again.')
      );
    case 'dead':
    case 'terminating':
      throw new LoadError(
        trans.__('The kernel of %1 has died.', panel.title.label),
        trans.__('Restart it (Kernel → Restart Kernel…), then load again.')
      );
  }
  const { name } = (await kernel.info).language_info;
  if (name !== 'python') {
    throw new LoadError(trans.__('The kernel of %1 runs %2; steps are Python.', panel.title.label, name));
  }
  return kernel;
}

async function evaluated(
  kernel: Kernel.IKernelConnection,
  { run, step, when }: ILoadRequest,
  trans: TranslationBundle
): Promise<ILoaded> {
  const future = kernel.requestExecute({
    code: '',
    silent: false,
    store_history: false,
    allow_stdin: false,
    stop_on_error: false,
    user_expressions: expressions(run, step, when)
  });
  let reply;
  try {
    reply = (await future.done).content;
  } catch {
    throw new LoadError(
      trans.__('The kernel was restarted or died while it loaded the variables.'),
      trans.__('Load again. If it dies again, the variables may need more memory than there is.')
    );
  }
  if (reply.status !== 'ok') {
    throw new LoadError(
      trans.__('The kernel was interrupted while it loaded the variables.'),
      trans.__('Load again.')
    );
  }
  return answerOf(reply.user_expressions, trans);
}

/** What was loaded, in words. */
export function told(
  { variables, defined, missing, replaced }: ILoaded,
  { step, when }: ILoadRequest,
  notebook: string,
  trans: TranslationBundle
): string {
  const lines = [
    when === 'before'
      ? trans._n(
          'Loaded %1 variable from before step “%2” into %3',
          'Loaded %1 variables from before step “%2” into %3',
          variables.length,
          step,
          notebook
        )
      : trans._n(
          'Loaded %1 variable from after step “%2” into %3',
          'Loaded %1 variables from after step “%2” into %3',
          variables.length,
          step,
          notebook
        )
  ];
  if (variables.length > 0) {
    lines[0] += `: ${shortened(variables, trans)}`;
  }
  if (defined.length > 0) {
    lines.push(trans.__('Imports and functions: %1', shortened(defined, trans)));
  }
  if (replaced.length > 0) {
    lines.push(trans.__('Replaced: %1 (what was there is in %2)', shortened(replaced, trans), REPLACED));
  }
  for (const [name, why] of Object.entries(missing)) {
    lines.push(trans.__('Not loaded: %1 (%2)', name, why));
  }
  return lines.join('. ');
}

const MOST = 12;

function shortened(names: readonly string[], trans: TranslationBundle): string {
  const more = names.length - MOST;
  return more > 0 ? trans.__('%1 and %2 more', names.slice(0, MOST).join(', '), more) : names.join(', ');
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  const fix = 'fix' in error && typeof error.fix === 'string' ? error.fix : '';
  return fix ? `${error.message} ${fix}` : error.message;
}
