import type { Note } from '../api/schema';

const KINDS: readonly Note['kind'][] = ['left-out', 'differs', 'kept'];

/** Notes by their kind, what matters most first; kinds that have none are not there. */
export function groupsOf(notes: readonly Note[]): [Note['kind'], Note[]][] {
  return KINDS.map((kind): [Note['kind'], Note[]] => [kind, notes.filter(note => note.kind === kind)]).filter(
    ([, found]) => found.length > 0
  );
}
