import { nullTranslator } from '@jupyterlab/translation';
import * as React from 'react';
import { act } from 'react';
import { createRoot } from 'react-dom/client';
import { type Failure, RequestError } from '../../api/client';
import type { About as IAbout } from '../../api/schema';
import { explain } from '../../ui/explain';
import { About, facts } from '../view';

const trans = nullTranslator.load('kfjlab');

const ABOUT: IAbout = {
  version: '1.2.3',
  python: '3.12.1',
  implementation: 'CPython',
  executable: '/opt/python',
  platform: 'Linux',
  jupyter_server: '2.14.0',
  default_kernel: 'python3',
  kernels: [
    { name: 'ir', display_name: 'R', language: 'R' },
    { name: 'python3', display_name: 'Python 3', language: 'python' }
  ]
};

describe('facts', () => {
  it('marks the default kernel', () => {
    expect(Object.fromEntries(facts(ABOUT, trans))).toMatchObject({
      kfjlab: '1.2.3',
      Python: 'CPython 3.12.1',
      Kernels: 'R, Python 3 (default)'
    });
  });

  it('says when there is no kernel', () => {
    expect(Object.fromEntries(facts({ ...ABOUT, kernels: [] }, trans))).toMatchObject({
      Kernels: 'none installed'
    });
  });
});

describe('explain', () => {
  it('gives the command that enables the server extension', () => {
    const explanation = explain(new RequestError('absent', 'Not Found'), trans);
    expect(explanation.command).toBe('jupyter server extension enable kfjlab');
  });

  it('says something else for every failure, and always what to do', () => {
    const failures: Failure[] = ['absent', 'forbidden', 'unreachable', 'timeout', 'failed'];
    const all = failures.map(failure => explain(new RequestError(failure, 'm'), trans));
    expect(new Set(all.map(explanation => explanation.what)).size).toBe(failures.length);
    expect(all.filter(explanation => explanation.todo === '')).toEqual([]);
  });

  it('repeats what the server said', () => {
    expect(explain(new RequestError('failed', 'disk full'), trans).what).toContain('disk full');
    expect(explain('a bare string', trans).what).toContain('a bare string');
  });
});

describe('About', () => {
  let host: HTMLElement;
  let root: ReturnType<typeof createRoot>;

  beforeEach(() => {
    (globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;
    host = document.createElement('div');
    root = createRoot(host);
  });

  afterEach(() => act(() => root.unmount()));

  it('waits, then shows the facts', async () => {
    let answer: (about: IAbout) => void = () => undefined;
    const load = () => new Promise<IAbout>(resolve => (answer = resolve));
    act(() => root.render(<About load={load} trans={trans} />));
    expect(host.querySelector('[role=status]')).not.toBeNull();
    await act(async () => answer(ABOUT));
    expect(host.querySelector('[role=status]')).toBeNull();
    expect(host.textContent).toContain('CPython 3.12.1');
  });

  it('shows a failure, and asks again on request', async () => {
    let attempts = 0;
    const load = () =>
      ++attempts === 1 ? Promise.reject(new RequestError('absent', 'Not Found')) : Promise.resolve(ABOUT);
    await act(async () => root.render(<About load={load} trans={trans} />));
    expect(host.querySelector('[role=alert]')?.textContent).toContain(
      'jupyter server extension enable kfjlab'
    );
    await act(async () => host.querySelector('button')?.click());
    expect(attempts).toBe(2);
    expect(host.querySelector('[role=alert]')).toBeNull();
    expect(host.textContent).toContain('1.2.3');
  });
});
