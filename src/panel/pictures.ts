import type { Output, RunDetail } from '../api/schema';
import type { IStepStatus } from '../graph/types';
import type { IRunModel } from '../tokens';

/** How the steps of a run stand, by name. */
export function statusesOf(
  detail: RunDetail | null,
  progress: IRunModel['progress']
): ReadonlyMap<string, IStepStatus> {
  return new Map(
    (detail?.steps ?? []).map(step => {
      const at = step.state === 'running' ? progress.get(step.name) : undefined;
      return [step.name, at ? { ...step, progress: at } : step];
    })
  );
}

const FORMATS = ['image/png', 'image/jpeg', 'image/svg+xml', 'image/gif', 'image/webp'];

/** The newest picture of each step that has one, as a `data:` URL. In an image nothing of it can run or load. */
export function picturesOf(outputs: IRunModel['outputs']): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [step, shown] of outputs) {
    const picture = newest(shown);
    if (picture !== null) {
      found.set(step, picture);
    }
  }
  return found;
}

/** Pictures are large, and asked for whenever anything changes. */
const known = new WeakMap<readonly Output[], string | null>();

function newest(shown: readonly Output[]): string | null {
  let picture = known.get(shown);
  if (picture === undefined) {
    picture = shown.reduceRight<string | null>((found, output) => found ?? pictureOf(output), null);
    known.set(shown, picture);
  }
  return picture;
}

function pictureOf({ data }: Output): string | null {
  const format = FORMATS.find(one => one in data);
  const content = format && data[format];
  const text = Array.isArray(content) ? content.join('') : content;
  if (typeof text !== 'string' || !text) {
    return null;
  }
  return format === 'image/svg+xml'
    ? `data:${format};charset=utf-8,${encodeURIComponent(text)}`
    : `data:${format};base64,${text.replace(/\s+/g, '')}`;
}
