import { nullTranslator } from '@jupyterlab/translation';
import * as React from 'react';
import { act } from 'react';
import { createRoot } from 'react-dom/client';

import { Graph, type IGraphProps } from '../graph';
import { layout } from '../layout';

jest.mock('../layout', () => {
  const real = jest.requireActual<typeof import('../layout')>('../layout');
  return { ...real, layout: jest.fn(real.layout) };
});

const trans = nullTranslator.load('kfjlab');
const NODES = ['load', 'clean', 'train'].map(name => ({ name, role: 'step' as const, cells: 2 }));
const EDGES = [
  { source: 'load', target: 'clean', kind: 'data', resources: ['var:df'] },
  { source: 'clean', target: 'train', kind: 'data', resources: ['var:X'] }
];

describe('Graph', () => {
  let host: HTMLElement;
  let root: ReturnType<typeof createRoot>;
  const onSelect = jest.fn();
  const onOpen = jest.fn();

  const render = (props: Partial<IGraphProps> = {}) =>
    act(async () =>
      root.render(
        <Graph
          nodes={NODES}
          edges={EDGES}
          direction="down"
          selected={null}
          onSelect={onSelect}
          onOpen={onOpen}
          label={trans.__('Pipeline')}
          trans={trans}
          {...props}
        />
      )
    );
  const node = (name: string) => {
    const found = host.querySelector<SVGGElement>(`g[data-step="${name}"]`);
    if (!found) {
      throw new Error(`no node ${name}`);
    }
    return found;
  };
  const press = (key: string) =>
    act(async () => {
      document.activeElement?.dispatchEvent(
        new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })
      );
    });

  beforeEach(() => {
    (globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;
    (globalThis as { CSS?: unknown }).CSS ??= { escape: (text: string) => text };
    host = document.createElement('div');
    document.body.append(host);
    root = createRoot(host);
    onSelect.mockClear();
    onOpen.mockClear();
  });

  afterEach(async () => {
    await act(async () => root.unmount());
    host.remove();
  });

  it('has one stop for Tab, and arrow keys follow the lines', async () => {
    await render();
    expect(host.querySelectorAll('g[data-step][tabindex="0"]')).toHaveLength(1);
    await act(async () => node('load').focus());
    await press('ArrowDown');
    expect(document.activeElement).toBe(node('clean'));
    expect(node('clean').getAttribute('tabindex')).toBe('0');
    expect(node('load').getAttribute('tabindex')).toBe('-1');
    await press('End');
    expect(document.activeElement).toBe(node('train'));
    await press('ArrowDown');
    expect(document.activeElement).toBe(node('train'));
    await press('ArrowUp');
    await press('Enter');
    expect(onOpen).toHaveBeenLastCalledWith('clean');
    await press(' ');
    expect(onSelect).toHaveBeenLastCalledWith('clean');
  });

  it('says the state, the problems and what travels', async () => {
    await render({
      nodes: NODES.map(one => ({ ...one, errors: one.name === 'clean' ? 2 : 0 })),
      statuses: new Map([['clean', { state: 'succeeded', cached: true }]])
    });
    expect(node('clean').getAttribute('aria-label')).toBe(
      'clean. Reused, 2 errors. after load (df). gives X to train'
    );
  });

  it('does not lay out anew for a state', async () => {
    const calls = () => jest.mocked(layout).mock.calls.length;
    await render();
    const before = calls();
    await render({
      nodes: NODES.map(one => ({ ...one })),
      edges: EDGES.map(one => ({ ...one })),
      statuses: new Map([['load', { state: 'running', started: 0 }]])
    });
    expect(node('load').textContent).toContain('Running');
    expect(calls()).toBe(before);
    await render({ edges: EDGES.slice(1) });
    expect(calls()).toBe(before + 1);
  });

  it('shows names as text', async () => {
    const name = '<img src=x onerror=alert(1)>';
    await render({ nodes: [{ name, role: 'step', cells: 1 }], edges: [] });
    expect(host.querySelector('img')).toBeNull();
    expect(host.querySelector('[role=button] text')?.textContent).toContain('<img');
  });

  it('is a list on request, which is there for readers of the screen always', async () => {
    await render();
    expect(host.querySelector('ul.kfj-spoken')?.children).toHaveLength(3);
    await act(async () => host.querySelector<HTMLElement>('button[title="Show as a list"]')?.click());
    const items = [...host.querySelectorAll('ul.kfj-GraphList > li')];
    expect(items.map(item => item.textContent)).toEqual([
      'loadgives df to clean',
      'cleanafter load (df)gives X to train',
      'trainafter clean (X)'
    ]);
    await act(async () => items[1]?.querySelector('button')?.click());
    expect(onSelect).toHaveBeenLastCalledWith('clean');
  });
});
