import { HUES, hueClass } from '../step-color';

describe('hueClass', () => {
  it('gives a name always the same class, one of those that there are', () => {
    for (const name of ['', 'train', 'größe', '<img onerror=x>', 'x'.repeat(400)]) {
      expect(hueClass(name)).toBe(hueClass(name));
      expect(Number(/^kfj-hue-(\d)$/.exec(hueClass(name))?.[1])).toBeLessThan(HUES);
    }
  });

  it('spreads names over all colours', () => {
    const count = new Map<string, number>();
    for (let i = 0; i < 800; i++) {
      const hue = hueClass(`step_${i}`);
      count.set(hue, (count.get(hue) ?? 0) + 1);
    }
    expect(count.size).toBe(HUES);
    expect(Math.max(...count.values())).toBeLessThan(200);
  });
});
