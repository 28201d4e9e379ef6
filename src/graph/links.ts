import type { TranslationBundle } from '@jupyterlab/translation';

import type { Edge } from '../api/schema';

/** What travels from one step to another, whatever its kinds: one line of the graph. */
export interface ILink {
  readonly source: string;
  readonly target: string;
  /** The kind that it is drawn as, the most telling first: data, file, ambient, order. */
  readonly kind: Kind;
  readonly edges: readonly Edge[];
}

export type Kind = 'data' | 'file' | 'ambient' | 'order';

const KINDS: readonly Kind[] = ['data', 'file', 'ambient', 'order'];

/** The edges of a pipeline, with one link for each pair of steps. */
export function linksOf(edges: readonly Edge[]): ILink[] {
  return [...grouped(edges, linkKey).values()].map(pair => {
    const [{ source, target }] = pair as [Edge, ...Edge[]];
    const kind = KINDS.find(one => pair.some(edge => edge.kind === one)) ?? 'order';
    return { source, target, kind, edges: pair };
  });
}

/** The links to a step. */
export function linksTo(name: string, links: readonly ILink[]): readonly ILink[] {
  return ends(links).to.get(name) ?? [];
}

/** The links from a step. */
export function linksFrom(name: string, links: readonly ILink[]): readonly ILink[] {
  return ends(links).from.get(name) ?? [];
}

interface IEnds {
  readonly from: ReadonlyMap<string, ILink[]>;
  readonly to: ReadonlyMap<string, ILink[]>;
}

/** Links are asked for by every step, of the same list. */
const found = new WeakMap<readonly ILink[], IEnds>();

function ends(links: readonly ILink[]): IEnds {
  let known = found.get(links);
  if (!known) {
    known = { from: grouped(links, link => link.source), to: grouped(links, link => link.target) };
    found.set(links, known);
  }
  return known;
}

function grouped<T>(items: readonly T[], by: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(by(item));
    if (group) {
      group.push(item);
    } else {
      groups.set(by(item), [item]);
    }
  }
  return groups;
}

/** Names of steps hold no line breaks. */
export function linkKey({ source, target }: { source: string; target: string }): string {
  return `${source}\n${target}`;
}

/** What an edge carries, in words. The same as on the command line (`kfjlab/verbs/graphs.py`). */
export function travels(edge: Edge, trans: TranslationBundle): string[] {
  return edge.resources.map(resource => {
    const colon = resource.indexOf(':');
    const kind = resource.slice(0, colon);
    const name = resource.slice(colon + 1);
    if (name === '*') {
      return kind === 'var' ? trans.__('any variable') : kind === 'file' ? trans.__('any file') : kind;
    }
    switch (kind) {
      case 'dir':
        return `${name.replace(/\/+$/, '') || '.'}/`;
      case 'ambient':
        return trans.__('state of %1', name);
      case 'env':
        return `$${name}`;
      default:
        return name;
    }
  });
}

/** The kinds of a link, each with what travels: `Variables: df, model`. */
export function described(link: ILink, trans: TranslationBundle): string[] {
  return link.edges.map(edge => {
    const names = travels(edge, trans).join(', ');
    switch (edge.kind) {
      case 'data':
        return trans.__('Variables: %1', names);
      case 'file':
        return trans.__('Files: %1', names);
      case 'ambient':
        return trans.__('State: %1', names);
      default:
        return names ? trans.__('Order only, because of %1', names) : trans.__('Order only, as its tag says');
    }
  });
}

/** What travels along a link, on one line: `df, model, data.csv`. */
export function summary(link: ILink, trans: TranslationBundle): string {
  const names = link.edges.filter(edge => edge.kind !== 'order').flatMap(edge => travels(edge, trans));
  return names.length ? names.join(', ') : trans.__('order only');
}
