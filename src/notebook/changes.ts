import type { ISharedNotebook } from '@jupyter/ydoc';
import { JSONExt, type PartialJSONValue } from '@lumino/coreutils';

import type * as schema from '../api/schema';
import { TAG_KEYS } from './content';

/** A value of metadata; undefined where there is none. */
type Value = PartialJSONValue | undefined;

/** One key of metadata, as it was and as it became. `cell`: its id; null for the notebook itself. */
export interface IKeyChange {
  readonly cell: string | null;
  readonly key: string;
  readonly before: Value;
  readonly after: Value;
}

type Metadata = Readonly<Record<string, unknown>>;

/** The metadata of what can carry tags, by its id (null: the notebook); undefined where there is no such cell. */
export type MetadataOf = (cell: string | null) => Metadata | undefined;

/** What has to be set so that metadata become those of `changes`. Only keys of tags: others are not the pipeline's to change. */
export function keyChanges(changes: readonly schema.MetadataChange[], metadataOf: MetadataOf): IKeyChange[] {
  const found: IKeyChange[] = [];
  for (const { cell, metadata } of changes) {
    const old = metadataOf(cell);
    for (const key of old ? TAG_KEYS : []) {
      const [before, after] = [old?.[key] as Value, metadata[key] as Value];
      if (!same(before, after)) {
        found.push({ cell, key, before, after });
      }
    }
  }
  return found;
}

/** The metadata in a notebook as requests carry it. */
export function metadataIn(content: schema.Notebook): MetadataOf {
  const cells = new Map(content.cells.map(cell => [cell.id, cell.metadata ?? {}]));
  return cell => (cell === null ? (content.metadata ?? {}) : cells.get(cell));
}

/** The metadata of an open document, as they are now. */
export function metadataNow(notebook: ISharedNotebook): MetadataOf {
  const cells = new Map(notebook.cells.map(cell => [cell.getId(), cell]));
  return id => (id === null ? notebook.getMetadata() : cells.get(id)?.getMetadata());
}

/** Those of `changes` whose key still has the value that it had before them: nobody else has changed it since. */
export function timely(changes: readonly IKeyChange[], metadataOf: MetadataOf): IKeyChange[] {
  return changes.filter(({ cell, key, before }) => {
    const metadata = metadataOf(cell);
    return metadata !== undefined && same(metadata[key] as Value, before);
  });
}

/** Changes the other way round. */
export function inverse(changes: readonly IKeyChange[]): IKeyChange[] {
  return changes.map(({ cell, key, before, after }) => ({ cell, key, before: after, after: before }));
}

/** Make changes in one transaction, which the history of the document's text leaves out. Cells that are gone are passed over. */
export function make(notebook: ISharedNotebook, changes: readonly IKeyChange[]): void {
  const cells = new Map(notebook.cells.map(cell => [cell.getId(), cell]));
  notebook.transact(() => {
    for (const { cell, key, after } of changes) {
      const place = cell === null ? notebook : cells.get(cell);
      if (after === undefined) {
        place?.deleteMetadata(key);
      } else {
        place?.setMetadata(key, after);
      }
    }
  }, false);
}

function same(one: Value, other: Value): boolean {
  return one === other || (one !== undefined && other !== undefined && JSONExt.deepEqual(one, other));
}
