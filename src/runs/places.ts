import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';

import { DRIVE, stepPath } from '../api/drive';
import type { IPlaces } from './runs';

export const COMMANDS = {
  openRun: 'kfjlab:open-run',
  openRuns: 'kfjlab:open-runs',
  compare: 'kfjlab:compare-runs'
} as const;

/** The places of JupyterLab that runs are shown in. */
export class Places implements IPlaces {
  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly tracker: INotebookTracker,
    private readonly trans: TranslationBundle
  ) {}

  openRun(id: string, step?: string): void {
    void this.app.commands.execute(COMMANDS.openRun, step === undefined ? { id } : { id, step });
  }

  openStep(id: string, step: string): void {
    void this.app.commands.execute('docmanager:open', { path: stepPath(id, step), factory: 'Notebook' });
  }

  async notebook(path: string): Promise<NotebookPanel> {
    const { contents } = this.app.serviceManager;
    const open = this.tracker.find(
      panel =>
        contents.driveName(panel.context.path) !== DRIVE && contents.localPath(panel.context.path) === path
    );
    if (open) {
      this.app.shell.activateById(open.id);
      return open;
    }
    const opened = (await this.app.commands.execute('docmanager:open', { path, factory: 'Notebook' })) as
      NotebookPanel | undefined;
    if (!opened) {
      throw new Error(this.trans.__('%1 could not be opened.', path));
    }
    return opened;
  }

  async load(
    panel: Promise<NotebookPanel>,
    run: string,
    step: string,
    when: 'before' | 'after'
  ): Promise<void> {
    const { loadInto } = await import('./kernel');
    await loadInto(panel, { run, step, when }, this.trans);
  }
}
