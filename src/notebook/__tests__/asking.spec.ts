import { Asking } from '../asking';

describe('Asking', () => {
  let asked: number;
  let answer: (answered: boolean) => void;
  let signal: AbortSignal;
  let asking: Asking;
  let least: number;

  beforeEach(() => {
    jest.useFakeTimers();
    asked = 0;
    least = 0;
    asking = new Asking(
      given => {
        asked++;
        signal = given;
        return new Promise(resolve => (answer = resolve));
      },
      () => least
    );
  });

  afterEach(() => {
    asking.dispose();
    jest.useRealTimers();
  });

  async function settle(answered: boolean): Promise<void> {
    answer(answered);
    await jest.advanceTimersByTimeAsync(0);
  }

  it('waits until it has been quiet', () => {
    asking.soon(150);
    jest.advanceTimersByTime(100);
    asking.soon(150);
    jest.advanceTimersByTime(100);
    expect(asked).toBe(0);
    jest.advanceTimersByTime(50);
    expect(asked).toBe(1);
  });

  it.each([
    [20, 1],
    [400, 0]
  ])('after an answer that took %d ms, %d questions at once', async (took, atOnce) => {
    asking.soon(150);
    await jest.advanceTimersByTimeAsync(150);
    await jest.advanceTimersByTimeAsync(took);
    await settle(true);
    asking.soon(150);
    await jest.advanceTimersByTimeAsync(0);
    expect(asked).toBe(1 + atOnce);
    await jest.advanceTimersByTimeAsync(150);
    expect(asked).toBe(2);
  });

  it('does not wait for ever for somebody who types on and on', () => {
    for (let i = 0; i < 30; i++) {
      asking.soon(150);
      jest.advanceTimersByTime(100);
    }
    expect(asked).toBeGreaterThanOrEqual(1);
  });

  it('is quiet for as long as it is told at least, but not about what is to be asked at once', () => {
    least = 3000;
    asking.soon(150);
    jest.advanceTimersByTime(2500);
    asking.soon(150);
    jest.advanceTimersByTime(2900);
    expect(asked).toBe(0);
    asking.soon(0);
    jest.advanceTimersByTime(0);
    expect(asked).toBe(1);
  });

  it('has one question open, and asks again about what has changed meanwhile', async () => {
    asking.soon(0);
    jest.advanceTimersByTime(0);
    asking.soon(0);
    asking.soon(0);
    await jest.advanceTimersByTimeAsync(5000);
    expect(asked).toBe(1);
    await settle(true);
    expect(asked).toBe(2);
    await settle(true);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(asked).toBe(2);
  });

  it('tries again with growing pauses, and at once when told that there is hope', async () => {
    asking.soon(0);
    const at: number[] = [];
    const start = Date.now();
    for (let i = 0; i < 8; i++) {
      while (asked === i) {
        await jest.advanceTimersByTimeAsync(100);
      }
      at.push(Date.now() - start);
      await settle(false);
    }
    const pauses = at.slice(1).map((time, i) => time - (at[i] ?? 0));
    expect(pauses[0]).toBeLessThanOrEqual(1100);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(30_100);
    expect(pauses[6]).toBeGreaterThan((pauses[0] ?? 0) * 10);
    const before = asked;
    asking.now();
    await jest.advanceTimersByTimeAsync(0);
    expect(asked).toBe(before + 1);
  });

  it('stops when it is disposed of', async () => {
    asking.soon(0);
    jest.advanceTimersByTime(0);
    asking.dispose();
    expect(signal.aborted).toBe(true);
    await settle(false);
    asking.soon(0);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(asked).toBe(1);
  });
});
