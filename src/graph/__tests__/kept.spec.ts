import { Kept } from '../kept';

describe('Kept', () => {
  it('keeps what says the same, and the list when all of it does', () => {
    const kept = new Kept<{ name: string; cells: number }>();
    const one = kept.of([
      { name: 'a', cells: 1 },
      { name: 'b', cells: 1 }
    ]);
    expect(
      kept.of([
        { name: 'a', cells: 1 },
        { name: 'b', cells: 1 }
      ])
    ).toBe(one);
    const two = kept.of([
      { name: 'b', cells: 1 },
      { name: 'a', cells: 2 }
    ]);
    expect(two).toEqual([
      { name: 'b', cells: 1 },
      { name: 'a', cells: 2 }
    ]);
    expect(two[0]).toBe(one[1]);
    expect(kept.of([])).toEqual([]);
  });
});
