import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SlidingWindow, WINDOW_MS } from '../../../coordinator/http/sliding-window.ts';

test('as many as the limit pass at once, and no more', () => {
  const window = new SlidingWindow();
  const waits = Array.from({ length: 15 }, () => window.take('a', 10, 0));
  expect(waits.filter((wait) => wait === 0)).toHaveLength(10);
  expect(window.take('b', 10, 0)).toBe(0);
});

test('a burst at the seam of two minutes does not pass twice', () => {
  const window = new SlidingWindow();
  window.take('a', 100, 0);
  for (let n = 0; n < 99; n++) expect(window.take('a', 100, WINDOW_MS - 1)).toBe(0);
  const passed = Array.from({ length: 100 }, () => window.take('a', 100, WINDOW_MS + 600)).filter((wait) => wait === 0);
  expect(passed).toHaveLength(1);
});

test('whatever the pattern, never more than twice the limit pass in a minute, and the wait told is right', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 200 }),
      (limit, gaps) => {
        const window = new SlidingWindow();
        const passed: number[] = [];
        let now = 0;
        for (const gap of gaps) {
          now += gap;
          const wait = window.take('a', limit, now);
          if (wait === 0) passed.push(now);
          else {
            expect(window.peek('a', limit, now + wait)).toBe(0);
            if (wait > 1) expect(window.peek('a', limit, now + wait - 2)).toBeGreaterThan(0);
          }
        }
        for (const start of passed) {
          const within = passed.filter((at) => at >= start && at < start + WINDOW_MS);
          expect(within.length).toBeLessThanOrEqual(2 * limit);
        }
      },
    ),
  );
});

test('who stays silent for two minutes has the whole limit again', () => {
  const window = new SlidingWindow();
  for (let n = 0; n < 10; n++) window.take('a', 10, 0);
  for (let n = 0; n < 10; n++) expect(window.take('a', 10, 2 * WINDOW_MS)).toBe(0);
  expect(window.take('a', 10, 2 * WINDOW_MS)).toBeGreaterThan(0);
});

test('clients that come and go do not fill the memory', () => {
  const window = new SlidingWindow();
  for (let n = 0; n < 100_000; n++) window.take(`client ${n}`, 10, n);
  expect(window.clients).toBeLessThanOrEqual(20_000);
  expect(window.take('client 99999', 1, 100_000)).toBeGreaterThan(0);
});
