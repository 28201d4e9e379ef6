import type { Cell } from '@jupyterlab/cells';
import type { Notebook, NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import type { PanelLayout } from '@lumino/widgets';

import type { IPipelineModel, ISettings } from '../tokens';
import { cellStates, type ICellState } from './cells';
import { Chip } from './chip';

/**
 * Chips in the code cells of a notebook. A chip is made when its cell is first drawn (which the notebook does for cells in sight),
 * and lives as long as the cell.
 */
export class Chips implements IDisposable {
  private readonly notebook: Notebook;
  private readonly chips = new Map<Cell, Chip>();
  private readonly awaited = new WeakSet<Cell>();
  private states: ReadonlyMap<string, ICellState> = new Map();
  private view: IPipelineModel['view'] = null;
  private disposed = false;

  constructor(
    panel: NotebookPanel,
    private readonly model: IPipelineModel,
    private readonly edit: (cell: Cell) => void,
    private readonly settings: ISettings,
    private readonly trans: TranslationBundle
  ) {
    this.notebook = panel.content;
    model.changed.connect(this.refresh, this);
    // After the notebook itself, which makes its widgets then.
    this.notebook.model?.cells.changed.connect(this.sync, this);
    this.notebook.activeCellChanged.connect(this.rove, this);
    settings.changed.connect(this.restyle, this);
    this.restyle();
    this.refresh();
    this.sync();
  }

  get isDisposed(): boolean {
    return this.disposed;
  }

  /** The chip of a cell, if it has been drawn. */
  of(cell: Cell): Chip | undefined {
    return this.chips.get(cell);
  }

  dispose(): void {
    if (this.disposed) {
      return;
    }
    this.disposed = true;
    this.model.changed.disconnect(this.refresh, this);
    this.settings.changed.disconnect(this.restyle, this);
    this.notebook.model?.cells.changed.disconnect(this.sync, this);
    this.notebook.activeCellChanged.disconnect(this.rove, this);
    for (const chip of this.chips.values()) {
      chip.dispose();
    }
    this.chips.clear();
  }

  /** What the user wants to see is up to style sheets: a notebook may have a thousand chips. */
  private restyle(): void {
    const { showChips, colorCells } = this.settings.value;
    this.notebook.node.classList.toggle('kfj-mod-noChips', !showChips);
    this.notebook.node.classList.toggle('kfj-mod-noColors', !colorCells);
  }

  /** Every code cell has a chip or will get one. */
  private sync(): void {
    for (const cell of this.notebook.widgets) {
      if (!this.awaited.has(cell) && cell.model.type === 'code') {
        this.awaited.add(cell);
        void cell.ready.then(() => this.attach(cell));
      }
    }
  }

  private attach(cell: Cell): void {
    if (this.disposed || cell.isDisposed) {
      return;
    }
    const leave = () => cell.node.focus();
    const chip = new Chip(cell.node, this.trans, () => this.edit(cell), leave);
    this.chips.set(cell, chip);
    cell.disposed.connect(() => this.chips.delete(cell));
    (cell.layout as PanelLayout).insertWidget(1, chip);
    chip.display(this.stateOf(cell));
    chip.button.tabIndex = cell === this.notebook.activeCell ? 0 : -1;
  }

  private refresh(): void {
    if (this.view === this.model.view) {
      return;
    }
    this.view = this.model.view;
    this.states = this.view === null ? new Map() : cellStates(this.view);
    for (const [cell, chip] of this.chips) {
      chip.display(this.stateOf(cell));
    }
  }

  private stateOf(cell: Cell): ICellState | null {
    return this.states.get(cell.model.id) ?? null;
  }

  /** Only the chip of the active cell is reached by Tab. */
  private rove(_: Notebook, active: Cell | null): void {
    for (const [cell, chip] of this.chips) {
      chip.button.tabIndex = cell === active ? 0 : -1;
    }
  }
}
