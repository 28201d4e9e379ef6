import { NotebookTools } from '@jupyterlab/notebook';
import { Collapser } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { PanelLayout, type Widget } from '@lumino/widgets';

import type { IPipelineModel, IPipelines, IPolicy } from '../tokens';

/** The editor of the active cell as a tool of the property inspector; it is made when it is first seen. */
export class CellTool extends NotebookTools.Tool {
  private form: Widget | null = null;
  private model: IPipelineModel | null = null;

  constructor(
    private readonly pipelines: IPipelines,
    private readonly policy: IPolicy,
    private readonly trans: TranslationBundle
  ) {
    super();
    this.layout = new PanelLayout();
    this.addClass('kfj-CellTool');
  }

  /** Show it when the inspector is opened: sections are folded at first. */
  unfold(): void {
    for (let owner = this.parent; owner !== null; owner = owner.parent) {
      if (owner instanceof Collapser) {
        owner.collapsed = false;
        return;
      }
    }
  }

  protected override onActiveCellChanged(): void {
    const panel = this.notebookTools.activeNotebookPanel;
    const model = (panel && this.pipelines.of(panel)) ?? null;
    if (model !== this.model) {
      this.model?.changed.disconnect(this.refresh, this);
      this.model = model;
      this.model?.changed.connect(this.refresh, this);
    }
    this.refresh();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.refresh();
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this.refresh();
  }

  /** The form of the cell that is active now; the same one while the same cell is. */
  private refresh(): void {
    const id = this.notebookTools.activeCell?.model.id;
    const known = id !== undefined && this.model?.view?.cells.some(cell => cell.id === id);
    const key = known && this.isVisible ? id : '';
    if (this.node.dataset.cell === key) {
      return;
    }
    this.node.dataset.cell = key;
    this.form?.dispose();
    this.form = null;
    if (key && this.model) {
      void this.fill(this.model, key);
    }
  }

  private async fill(model: IPipelineModel, cell: string): Promise<void> {
    const { makeEditor } = await import('./editor/open');
    if (this.isDisposed || this.node.dataset.cell !== cell) {
      return;
    }
    this.form?.dispose();
    this.form = makeEditor({ model, cell, policy: this.policy, trans: this.trans });
    (this.layout as PanelLayout).addWidget(this.form);
  }
}
