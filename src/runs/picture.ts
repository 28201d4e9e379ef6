import type * as schema from '../api/schema';

const KINDS = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

/** The newest picture among outputs, as a `data:` URL; undefined when there is none. */
export function pictureOf(outputs: readonly schema.Output[]): string | undefined {
  for (const { data } of [...outputs].reverse()) {
    for (const kind of KINDS) {
      const content = data[kind];
      if (typeof content === 'string' && /^[A-Za-z0-9+/=\s]+$/.test(content)) {
        return `data:${kind};base64,${content.replace(/\s/g, '')}`;
      }
    }
  }
  return undefined;
}
