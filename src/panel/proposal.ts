import { type ISignal, Signal } from '@lumino/signaling';

import type * as schema from '../api/schema';

/** What is proposed for a cell, as the user has changed it. */
export interface IRow {
  readonly proposal: schema.Proposal;
  /** Its place in the notebook, from 0, and how it begins. */
  readonly index: number;
  readonly excerpt: string;
  readonly kept: boolean;
  /** The step's name; empty when it is no step. */
  readonly name: string;
}

/** How much of a cell is shown, to know it by. */
const EXCERPT = 80;

/** Proposed steps, to be accepted as they are or changed, or dropped. */
export class Proposal {
  readonly note: string;
  rows: readonly IRow[];
  /** The pipeline that accepting would give. */
  preview: schema.PipelineView;
  /** Why there is none: a name that no step can have, … */
  error: unknown = null;

  /** `edited` works out what edits give; `notebook` is what the suggestion was made for. */
  constructor(
    suggestion: schema.Suggestion,
    notebook: schema.Notebook,
    private readonly edited: (edits: schema.Edit[]) => Promise<schema.Edited>
  ) {
    this.note = suggestion.note;
    this.preview = suggestion.pipeline;
    const places = new Map(notebook.cells.map((cell, index) => [cell.id, { index, source: cell.source }]));
    this.rows = suggestion.proposals.map(proposal => {
      const { index, source } = places.get(proposal.cell) ?? { index: 0, source: '' };
      return { proposal, index, excerpt: excerptOf(source), kept: true, name: proposal.step ?? '' };
    });
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  keep(cell: string, kept: boolean): void {
    this.change(cell, { kept });
  }

  rename(cell: string, name: string): void {
    this.change(cell, { name });
  }

  /** The tags that are to be written: one edit for the cells of each step and of each role. */
  edits(): schema.Edit[] {
    const groups = new Map<string, { action: string; value: object; cells: string[] }>();
    for (const { proposal, kept, name } of this.rows) {
      if (proposal.tag && kept) {
        const step = proposal.role === 'step';
        const key = step ? `step ${name}` : `role ${proposal.role}`;
        const group = groups.get(key) ?? {
          action: step ? 'set-step' : 'set-role',
          value: step ? { name: name.trim() } : { role: proposal.role },
          cells: []
        };
        group.cells.push(proposal.cell);
        groups.set(key, group);
      }
    }
    return [...groups.values()].map(({ action, value, cells }) => ({
      action,
      arguments: { cell: cells, ...value }
    }));
  }

  private change(cell: string, change: Partial<Pick<IRow, 'kept' | 'name'>>): void {
    this.rows = this.rows.map(row => (row.proposal.cell === cell ? { ...row, ...change } : row));
    this._changed.emit();
    void this.look();
  }

  /** Ask what the rows give now; only the newest answer counts. */
  private async look(): Promise<void> {
    const asked = ++this.asked;
    let error: unknown = null;
    let preview = this.preview;
    try {
      preview = (await this.edited(this.edits())).pipeline;
    } catch (reason) {
      error = reason;
    }
    if (asked === this.asked) {
      this.preview = preview;
      this.error = error;
      this._changed.emit();
    }
  }

  private asked = 0;
  private readonly _changed = new Signal<this, void>(this);
}

function excerptOf(source: string): string {
  const line = source.split('\n').find(one => one.trim() && !one.trim().startsWith('#')) ?? source;
  return line.trim().slice(0, EXCERPT);
}
