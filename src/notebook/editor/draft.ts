import type * as schema from '../../api/schema';
import { cellStates, type ICellState } from '../cells';
import {
  type Field,
  FIELDS,
  type Metadata,
  NO_TEXTS,
  patchOf,
  tagsOn,
  type Texts,
  textsOfAll
} from './settings';

/** What a cell is to be. `follow`: nothing of its own, so that it belongs where the cell above does. */
export type Choice = schema.Role | 'follow';

/** What a person has changed in the editor; undefined where nothing. */
export interface IDraft {
  readonly choice?: Choice;
  readonly step?: string;
  readonly after?: readonly string[];
  readonly settings?: Partial<Texts>;
}

/** A cell and what surrounds it, as one analysis saw them. */
export class Place {
  readonly state: ICellState;
  private readonly index: ReadonlyMap<string, number>;

  constructor(
    readonly id: string,
    readonly view: schema.PipelineView,
    private readonly metadataOf: (cell: string) => Metadata
  ) {
    const state = cellStates(view).get(id);
    if (!state) {
      throw new RangeError(`The analysis has no cell ${id}.`);
    }
    this.state = state;
    this.index = new Map(view.cells.map(cell => [cell.id, cell.index]));
  }

  /** What the cell is. */
  get choice(): Choice {
    return this.state.by === 'tag' ? this.state.role : 'follow';
  }

  /** The name of its step by its own tag. */
  get step(): string {
    return this.choice === 'step' ? (this.state.step ?? '') : '';
  }

  /** The step whose settings the draft is about: null when there is none. */
  target(draft: IDraft): string | null {
    const choice = draft.choice ?? this.choice;
    if (choice === 'step') {
      return (draft.step ?? this.step).trim() || null;
    }
    return choice === 'follow' && this.state.by === 'above' && this.state.role === 'step'
      ? this.state.step
      : null;
  }

  /** The cells that make the step, this one among them, in the order of the notebook. */
  cells(step: string): string[] {
    const cells = new Set(this.view.steps.find(one => one.name === step)?.cells);
    cells.add(this.id);
    return [...cells].sort((one, other) => (this.index.get(one) ?? 0) - (this.index.get(other) ?? 0));
  }

  texts(step: string | null): Texts {
    return step === null ? NO_TEXTS : textsOfAll(this.cells(step).map(this.metadataOf));
  }

  after(step: string | null): string[] {
    const own = new Map(this.view.cells.map(cell => [cell.id, cell.after]));
    return step === null ? [] : [...new Set(this.cells(step).flatMap(cell => own.get(cell) ?? []))];
  }

  /** Steps that a step can be told to run after: those above it, and those that it is told to already. */
  before(step: string | null): string[] {
    const own = this.after(step);
    const at = this.index.get(this.cells(step ?? '')[0] ?? this.id) ?? 0;
    const above = this.view.steps.filter(
      one => one.name !== step && !one.implicit && (this.index.get(one.cells[0] ?? '') ?? Infinity) < at
    );
    return [...new Set([...above.map(one => one.name), ...own])];
  }

  /** The edits that make the notebook say what the draft does. */
  edits(draft: IDraft): schema.Edit[] {
    const step = this.target(draft);
    return [
      ...this.choiceEdits(draft),
      ...(step === null ? [] : [...this.afterEdits(step, draft), ...this.settingEdits(step, draft)])
    ];
  }

  private choiceEdits(draft: IDraft): schema.Edit[] {
    const choice = draft.choice ?? this.choice;
    const step = (draft.step ?? this.step).trim();
    if (choice === this.choice && (choice !== 'step' || step === this.step)) {
      return [];
    }
    switch (choice) {
      case 'step':
        return [edit('set-step', { cell: this.id, name: step })];
      case 'follow':
        return [
          edit('set-step', { cell: this.id, name: null }),
          edit('set-role', { cell: this.id, role: null })
        ];
      default:
        return [edit('set-role', { cell: this.id, role: choice })];
    }
  }

  private afterEdits(step: string, draft: IDraft): schema.Edit[] {
    const old = this.after(step);
    const wanted = draft.after ?? old;
    const own = new Map(this.view.cells.map(cell => [cell.id, cell.after]));
    const cells = this.cells(step);
    return [
      ...old
        .filter(name => !wanted.includes(name))
        .map(name =>
          edit('remove-after', { cell: cells.filter(cell => own.get(cell)?.includes(name)), name })
        ),
      ...wanted.filter(name => !old.includes(name)).map(name => edit('add-after', { cell: cells[0], name }))
    ];
  }

  /** A setting is written to the step's first cell; what other cells, or tags, say of it goes, else they would contradict it. */
  private settingEdits(step: string, draft: IDraft): schema.Edit[] {
    const old = this.texts(step);
    const texts = { ...old, ...draft.settings };
    const fields = FIELDS.filter(field => texts[field].trim() !== old[field].trim());
    if (fields.length === 0) {
      return [];
    }
    return this.cells(step).flatMap((cell, place) => {
      const metadata = this.metadataOf(cell);
      const tags = new Set(fields.flatMap(field => tagsOn(metadata, field)));
      const patch = patchOf(metadata, whole(fields), place === 0 ? texts : NO_TEXTS);
      return [
        ...[...tags].map(old => edit('replace-tag', { cell, old, new: null })),
        ...(patch ? [edit('set-metadata', { cell, patch })] : [])
      ];
    });
  }
}

/** A device's kind and number are one value. */
function whole(fields: readonly Field[]): Field[] {
  return fields.filter(field => field !== 'gpuKind' || !fields.includes('gpus'));
}

function edit(action: string, args: Record<string, unknown>): schema.Edit {
  return { action, arguments: args };
}
