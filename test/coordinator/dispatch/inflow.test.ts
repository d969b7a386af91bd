import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Inflow } from '../../../coordinator/dispatch/inflow.ts';

const MB = 1024 * 1024;

test('who has sent too much is not read from until its own part is carried out, and no byte is forgotten', () => {
  const messages = fc.array(fc.record({ from: fc.nat(9), size: fc.integer({ min: 1, max: 12 * MB }), end: fc.nat() }), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(messages, (list) => {
      const inflow = new Inflow();
      const own = new Map<number, number>();
      const paused = new Set<number>();
      const gates = Array.from({ length: 10 }, (_, i) =>
        inflow.gate({ pause: () => void paused.add(i), resume: () => void paused.delete(i) }),
      );
      const open: { from: number; size: number; done: () => void }[] = [];
      const finish = (at: number) => {
        const [{ from, size, done }] = open.splice(at, 1) as [(typeof open)[number]];
        own.set(from, (own.get(from) ?? 0) - size);
        done();
      };
      for (const { from, size, end } of list) {
        // A paused socket gives nothing more.
        if (!paused.has(from)) {
          own.set(from, (own.get(from) ?? 0) + size);
          open.push({ from, size, done: gates[from]!(size) });
          expect(paused.has(from)).toBe((own.get(from) ?? 0) > 8 * MB || inflow.bytes > 64 * MB);
        }
        expect(inflow.bytes).toBe(open.reduce((sum, each) => sum + each.size, 0));
        // The bound, and one message of each that was let in below it.
        expect(inflow.bytes).toBeLessThanOrEqual(64 * MB + 10 * 12 * MB);
        if (end % 3 === 0 && open.length > 0) finish(end % open.length);
      }
      while (open.length > 0) finish(0);
      expect([inflow.bytes, paused.size]).toEqual([0, 0]);
    }),
  );
});
