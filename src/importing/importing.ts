import { Dialog, showDialog } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import { FileDialog } from '@jupyterlab/filebrowser';
import type { ITranslator, TranslationBundle } from '@jupyterlab/translation';

import type { Client } from '../api/client';
import type * as schema from '../api/schema';
import { FailureBody, NotesBody } from './dialogs';

/** An import, from the file to the open notebook; what has to be asked or told is asked and told in dialogs. */
export class Importing {
  constructor(
    private readonly client: Pick<Client, 'importPipeline'>,
    private readonly manager: IDocumentManager,
    private readonly trans: TranslationBundle,
    private readonly translator: ITranslator | null,
    /** The path of a file, without the name of a drive. */
    private readonly localPath: (path: string) => string
  ) {}

  /** Ask for a pipeline file. */
  async choose(): Promise<string | null> {
    const { button, value } = await FileDialog.getOpenFiles({
      manager: this.manager,
      title: this.trans.__('Import an Elyra pipeline'),
      label: this.trans.__('A .pipeline file; its notebooks become the steps of one notebook:'),
      translator: this.translator ?? undefined,
      filter: item => (item.type === 'directory' || item.path.endsWith('.pipeline') ? {} : null)
    });
    const chosen = value?.find(item => item.type !== 'directory');
    return button.accept && chosen ? chosen.path : null;
  }

  /** Make a notebook of the pipeline at `path`, open it, and tell what is not as it was. */
  async import(path: string): Promise<void> {
    const { trans } = this;
    try {
      const made = await this.made(this.localPath(path));
      if (made) {
        if (made.path !== null) {
          await this.show(made.path);
        }
        if (made.notes.length) {
          await showDialog({
            title: trans.__('Imported: %1', made.name),
            body: new NotesBody(made, trans),
            buttons: [Dialog.okButton({ label: trans.__('Close') })]
          });
        }
      }
    } catch (error) {
      await showDialog({
        title: trans.__('%1 could not be imported', PathExt.basename(path)),
        body: new FailureBody(error, trans),
        buttons: [Dialog.okButton({ label: trans.__('Close') })]
      });
    }
  }

  /** Open a notebook; one that is open already shows what is in its file now. */
  private async show(path: string): Promise<void> {
    const open = this.manager.findWidget(path);
    if (open) {
      await this.manager.contextForWidget(open)?.revert();
    }
    this.manager.openOrReveal(path);
  }

  /** The notebook; null when one is there already and the user leaves it at that. */
  private async made(path: string): Promise<schema.ImportAnswer | null> {
    const first = await this.client.importPipeline(path, 'keep');
    if (first.written) {
      return first;
    }
    const { trans } = this;
    const name = PathExt.basename(first.path ?? path);
    const { button } = await showDialog({
      title: trans.__('There is a notebook %1 already', name),
      body: trans.__('Replacing it loses what was changed in it since it was made.'),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.warnButton({ label: trans.__('Replace'), actions: ['replace'] }),
        Dialog.okButton({ label: trans.__('Keep both'), actions: ['rename'] })
      ]
    });
    if (!button.accept) {
      return null;
    }
    return this.client.importPipeline(path, button.actions.includes('replace') ? 'replace' : 'rename');
  }
}
