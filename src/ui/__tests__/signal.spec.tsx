import { Signal } from '@lumino/signaling';
import * as React from 'react';
import { act } from 'react';
import { createRoot } from 'react-dom/client';

import { useSignal } from '../signal';

class Model {
  readonly changed = new Signal<this, void>(this);
  ticked = false;

  tick(): void {
    this.ticked = !this.ticked;
    this.changed.emit();
  }
}

function Box({ model }: { model: Model }): React.JSX.Element {
  useSignal(model.changed);
  return <input type="checkbox" checked={model.ticked} onChange={() => model.tick()} />;
}

describe('useSignal', () => {
  const model = new Model();
  let renders = 0;
  const host = document.body.appendChild(document.createElement('div'));
  const root = createRoot(host);

  beforeAll(() => {
    (globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;
    act(() =>
      root.render(
        <React.Profiler id="box" onRender={() => renders++}>
          <Box model={model} />
        </React.Profiler>
      )
    );
  });

  afterAll(() => act(() => root.unmount()));

  it('shows a box as ticked as soon as it is', () => {
    const box = host.querySelector('input')!;
    act(() => box.click());
    expect(box.checked).toBe(true);
    expect(model.ticked).toBe(true);
  });

  it('renders once more for all that comes before the browser paints', async () => {
    const painted = () => act(() => new Promise<void>(done => requestAnimationFrame(() => done())));
    await painted();
    const before = renders;
    act(() => {
      for (let count = 0; count < 101; count++) {
        model.tick();
      }
    });
    await painted();
    await painted();
    expect(renders - before).toBeLessThanOrEqual(2);
    expect(host.querySelector('input')!.checked).toBe(false);
  });
});
