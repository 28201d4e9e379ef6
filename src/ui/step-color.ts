/** How many colours there are for steps; the classes are `kfj-hue-0` and on (style/step-color.css). */
export const HUES = 8;

/**
 * The CSS class that gives a step its colour, as `--kfj-hue`, in every theme. It depends on the name alone, so that a step looks
 * the same in its cells, in the graph and in a run. Colour is never the only sign: names are always shown or told too.
 */
export function hueClass(step: string): string {
  let hash = 0x811c9dc5; // FNV-1a
  for (let i = 0; i < step.length; i++) {
    hash = Math.imul(hash ^ step.charCodeAt(i), 0x01000193);
  }
  // The low bits of FNV-1a depend on few bits of short names.
  return `kfj-hue-${((hash ^ (hash >>> 15)) >>> 0) % HUES}`;
}
