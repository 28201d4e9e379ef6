import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { INotebookModel, NotebookPanel } from '@jupyterlab/notebook';
import type { Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';

import { DRIVE, stepOf } from '../api/drive';

/** Notebooks of the {@link DRIVE}: their titles name step and run, and no kernel is started for them. */
export class ExecutedNotebooks implements DocumentRegistry.WidgetExtension {
  constructor(
    private readonly contents: Contents.IManager,
    private readonly trans: TranslationBundle
  ) {}

  createNew(panel: NotebookPanel, context: DocumentRegistry.IContext<INotebookModel>): IDisposable | void {
    const found =
      this.contents.driveName(context.path) === DRIVE
        ? stepOf(this.contents.localPath(context.path))
        : undefined;
    if (!found) {
      return;
    }
    const { sessionContext } = context;
    sessionContext.kernelPreference = {
      ...sessionContext.kernelPreference,
      shouldStart: false,
      autoStartDefault: false,
      canStart: false
    };
    const entitle = () => {
      panel.title.label = this.trans.__('%1 · run %2', found.step, found.run);
      panel.title.caption = this.trans.__(
        'Step “%1” as run %2 executed it (read-only)',
        found.step,
        found.run
      );
    };
    entitle();
    // The document sets its own title when it is ready.
    context.pathChanged.connect(entitle);
    void context.ready.then(entitle);
    return new DisposableDelegate(() => context.pathChanged.disconnect(entitle));
  }
}
