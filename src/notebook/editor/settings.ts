/** How a step runs, as texts that a person edits, read from the metadata of its cells and written back as patches. */

export const FIELDS = [
  'cpu',
  'memory',
  'gpus',
  'gpuKind',
  'image',
  'retries',
  'timeout',
  'cache',
  'env'
] as const;
export type Field = (typeof FIELDS)[number];

/** The text of each field, empty where nothing is said; `cache` is `true`, `false` or empty, `env` has a line `NAME=value` for each. */
export type Texts = Readonly<Record<Field, string>>;

export const NO_TEXTS: Texts = Object.freeze(
  Object.fromEntries(FIELDS.map(field => [field, ''])) as Record<Field, string>
);

export type Metadata = Readonly<Record<string, unknown>>;
type JSONObject = Record<string, unknown>;

/** What the metadata of one cell say. Values of a wrong kind are shown as they are, so that they can be mended. */
export function textsOf(metadata: Metadata): Texts {
  const own = objectOf(metadata.kfjlab);
  const resources = objectOf(own.resources);
  const gpu = objectOf(resources.gpu);
  const tag = (prefix: string) =>
    tagsOf(metadata)
      .find(one => one.startsWith(prefix))
      ?.slice(prefix.length) ?? '';
  const device = tagsOf(metadata)
    .map(one => DEVICE.exec(one))
    .find(found => found !== null);
  const cache = { enabled: 'true', disabled: 'false' }[tag('cache:')] ?? '';
  return {
    cpu: textOf(resources.cpu) || tag('limit:cpu:'),
    memory: textOf(resources.memory) || tag('limit:memory:'),
    gpus: textOf(gpu.count) || textOf(resources.gpu) || (device?.[2] ?? ''),
    gpuKind: textOf(gpu.kind) || (device?.[1] ?? ''),
    image: textOf(own.image) || tag('image:'),
    retries: textOf(own.retries),
    timeout: textOf(own.timeout),
    cache: textOf(own.cache) || cache,
    env: Object.entries(objectOf(own.env))
      .map(([name, value]) => `${name}=${textOf(value)}`)
      .join('\n')
  };
}

/** What several cells of a step say together: of two that differ, the first. */
export function textsOfAll(cells: readonly Metadata[]): Texts {
  const all = cells.map(textsOf);
  const merged = Object.fromEntries(
    FIELDS.map(field => [field, all.find(texts => texts[field] !== '')?.[field] ?? ''])
  ) as Record<Field, string>;
  const env = Object.assign({}, ...[...all].reverse().map(texts => variables(texts.env))) as Record<
    string,
    string
  >;
  merged.env = Object.entries(env)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n');
  return merged;
}

/** The JSON merge patch of `metadata.kfjlab` that makes a cell say `texts` in `fields`; null when it says so already. */
export function patchOf(metadata: Metadata, fields: readonly Field[], texts: Texts): JSONObject | null {
  const own = objectOf(metadata.kfjlab);
  const patch: JSONObject = {};
  const resources: JSONObject = {};
  for (const field of fields) {
    const text = texts[field].trim();
    switch (field) {
      case 'cpu':
      case 'memory':
        resources[field] = text ? number(text) : null;
        break;
      case 'gpus':
      case 'gpuKind':
        resources.gpu = texts.gpus.trim()
          ? { count: number(texts.gpus.trim()), kind: texts.gpuKind.trim() || null }
          : null;
        break;
      case 'cache':
        patch.cache = text ? text === 'true' : null;
        break;
      case 'env':
        patch.env = envPatch(objectOf(own.env), variables(text));
        break;
      case 'image':
        patch.image = text || null;
        break;
      default:
        patch[field] = text ? number(text) : null;
    }
  }
  if (Object.keys(resources).length > 0) {
    const rest = { ...objectOf(own.resources), ...resources };
    patch.resources = Object.values(rest).every(value => value === null) ? null : resources;
  }
  const changes = Object.entries(patch).filter(([key, value]) => value !== null || key in own);
  return changes.length > 0 ? Object.fromEntries(changes) : null;
}

/** The tags of a cell that speak of a field, which a patch of our own metadata would contradict. */
export function tagsOn(metadata: Metadata, field: Field): string[] {
  return tagsOf(metadata).filter(tag => TAGS[field]?.test(tag));
}

const DEVICE = /^limit:([^:]*\/[^:]*):(.*)$/;
const TAGS: Partial<Record<Field, RegExp>> = {
  cpu: /^limit:cpu:/,
  memory: /^limit:memory:/,
  gpus: DEVICE,
  gpuKind: DEVICE,
  image: /^image:/,
  cache: /^cache:/
};

/** Lines `NAME=value` as an object; a line without `=` is a name with an empty value. */
export function variables(text: string): Record<string, string> {
  const lines = text.split('\n').filter(line => line.trim() !== '');
  return Object.fromEntries(
    lines.map(line => {
      const at = line.indexOf('=');
      return at < 0 ? [line.trim(), ''] : [line.slice(0, at).trim(), line.slice(at + 1)];
    })
  );
}

function envPatch(old: JSONObject, wanted: Record<string, string>): JSONObject | null {
  if (Object.keys(wanted).length === 0) {
    return null;
  }
  const gone = Object.keys(old).filter(name => !(name in wanted));
  return { ...wanted, ...Object.fromEntries(gone.map(name => [name, null])) };
}

function tagsOf(metadata: Metadata): string[] {
  const { tags } = metadata;
  return Array.isArray(tags) ? tags.filter((tag): tag is string => typeof tag === 'string') : [];
}

function objectOf(value: unknown): JSONObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JSONObject) : {};
}

function textOf(value: unknown): string {
  return typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : '';
}

/** A number where the text is one as JSON writes it, else the text. */
function number(text: string): number | string {
  return /^-?(0|[1-9]\d{0,14})(\.\d{1,15})?$/.test(text) ? Number(text) : text;
}
