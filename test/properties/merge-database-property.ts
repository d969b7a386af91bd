/**
 * One seed: two or three promoted coordinators and central work on their own, on real databases; what they did is brought to two copies of central in
 * different orders, in pieces, repeated, with restarts between. Both must come to the same, and to what each origin has.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readRegister } from '../../coordinator/merge/registers.ts';
import type { JournalEntry } from '../../shared/protocol/offline/journal.ts';
import { Receiver, Side } from '../support/merging.ts';
import type { Figures } from './database-property.ts';

const deed = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('run' as const),
      tests: fc.integer({ min: 1, max: 6 }),
      failing: fc.nat(2),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), tests: fc.integer({ min: 1, max: 4 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('set' as const),
      key: fc.constantFrom(...(['task_max_retries', 'poison_test_limit'] as const)),
      to: fc.integer({ min: 1, max: 5 }),
      at: fc.nat(3),
    }),
  },
);
type Deed = typeof deed extends fc.Arbitrary<infer T> ? T : never;

const seeds = fc.record({
  central: fc.array(deed, { maxLength: 3 }),
  promoted: fc.array(fc.array(deed, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 3 }),
  /** For each of the two copies: what comes next, how many entries of it, and whether the coordinator is started anew behind it. */
  orders: fc.array(
    fc.array(
      fc.record({ from: fc.nat(2), at: fc.nat(1000), size: fc.integer({ min: 1, max: 80 }), restart: fc.boolean() }),
      { maxLength: 12 },
    ),
    { minLength: 2, maxLength: 2 },
  ),
});

export async function checkMergeDatabase(count: number, seed: number): Promise<Figures> {
  const figures: Figures = { seeds: count, commands: 0, seen: {} };
  const met = (what: string, n = 1) => (figures.seen[what] = (figures.seen[what] ?? 0) + n);
  await fc.assert(
    fc.asyncProperty(seeds, async ({ central, promoted, orders }) => {
      const origins: Side[] = [];
      const receivers: Receiver[] = [];
      try {
        const base = await Side.central();
        receivers.push(new Receiver(base), new Receiver(await Side.central()));
        for (const [n] of promoted.entries()) origins.push(await Side.promoted(base, `laptop ${n}`, 0.1 + n / 5));
        // The same work on both copies of central; ids differ, what counts does not.
        for (const { side } of receivers) for (const one of central) await perform(side, one);
        for (const [n, deeds] of promoted.entries()) for (const one of deeds) await perform(origins[n]!, one);
        figures.commands += promoted.flat().length + central.length;
        const journals = await Promise.all(origins.map(async (origin) => (await origin.batches()).flat()));
        for (const [n, receiver] of receivers.entries()) {
          for (const origin of n === 0 ? origins : [...origins].reverse()) await receiver.announce(origin);
          await deliver(receiver, origins, journals, orders[n]!);
        }
        for (const [n, origin] of origins.entries()) {
          for (const receiver of receivers) {
            const answer = await receiver.verify(origin);
            assert(
              answer.equal,
              `origin ${n} differs in ${answer.differs.join()}; ${answer.waiting} wait, ${answer.refused} refused`,
            );
            const conflicts = await receiver.side.db.read((r) =>
              r.get<{ n: number }>('SELECT count(*) AS n FROM conflicts'),
            );
            met('conflicts', conflicts?.n ?? 0);
          }
          met('entries', journals[n]!.length);
        }
        const [one, other] = [await stateOf(receivers[0]!.side), await stateOf(receivers[1]!.side)];
        assert.deepEqual(one, other, 'the order made a difference');
        await countsOnce(receivers[0]!.side, promoted.flat().concat(central));
      } finally {
        for (const one of [...receivers, ...origins]) await one.close();
      }
    }),
    { numRuns: count, seed },
  );
  return figures;
}

async function perform(side: Side, one: Deed): Promise<void> {
  if (one.do === 'run') await side.run(one.tests, one.failing);
  else if (one.do === 'set') await side.change({ [one.key]: one.to }, 'somebody', one.at);
  else {
    const runId = await side.world.createRun();
    await side.world.plan(Array.from({ length: one.tests }, (_, n) => `t${n}`));
    await side.world.cancel(runId);
    await side.reported(runId);
  }
}

/** Some of it at random, and in the end all of it, the last origin first. */
async function deliver(
  receiver: Receiver,
  origins: readonly Side[],
  journals: readonly JournalEntry[][],
  order: readonly { from: number; at: number; size: number; restart: boolean }[],
): Promise<void> {
  for (const { from, at, size, restart } of order) {
    const n = from % origins.length;
    const journal = journals[n]!;
    const start = journal.length === 0 ? 0 : at % journal.length;
    const piece = journal.slice(start, start + size);
    if (piece.length > 0) await receiver.take(origins[n]!, piece);
    if (restart) await receiver.restart();
  }
  for (const [n, journal] of [...journals.entries()].reverse()) {
    for (let at = 0; at < journal.length; at += 100) await receiver.take(origins[n]!, journal.slice(at, at + 100));
  }
}

/** What central has in the end, without what is its own business (ids of its own runs, when it was done) or learned in passing (expected durations). */
async function stateOf(side: Side): Promise<unknown> {
  const all = (sql: string) => side.db.read((r) => r.all(sql));
  const foreign = '(SELECT id FROM runs WHERE number > 1000000)';
  return {
    runs: await all(
      `SELECT id, number, state, outcome, expected, unexpected, flaky, skipped, tests_total FROM runs WHERE id IN ${foreign} ORDER BY id`,
    ),
    tests: await all(
      `SELECT run_id, test_id, outcome, fence, attempts, duration_ms FROM tests WHERE run_id IN ${foreign} ORDER BY run_id, test_id`,
    ),
    attempts: await all(
      `SELECT run_id, test_id, fence, retry, status FROM test_attempts WHERE run_id IN ${foreign} ORDER BY 1, 2, 3, 4`,
    ),
    events: await all(
      'SELECT origin, origin_seq, at, type, run_id, data FROM events WHERE origin IS NOT NULL ORDER BY 1, 2',
    ),
    days: await all('SELECT * FROM test_days ORDER BY 1, 2, 3'),
    workers: await all('SELECT * FROM worker_days ORDER BY 1, 2, 3'),
    failures: await all('SELECT project_id, day, cluster, unexpected, flaky, runs FROM failure_days ORDER BY 1, 2, 3'),
    settings: await Promise.all(
      ['task_max_retries', 'poison_test_limit'].map(
        async (key) => (await side.db.read((r) => readRegister(r, 'setting', key)))?.value ?? null,
      ),
    ),
    conflicts: await all('SELECT origin, kind, key, theirs, why FROM conflicts ORDER BY 1, 2, 3'),
  };
}

/** Each run that ended by itself is in the figures of its day once. */
async function countsOnce(side: Side, deeds: readonly Deed[]): Promise<void> {
  const ran = deeds.reduce((sum, one) => sum + (one.do === 'run' ? one.tests : 0), 0);
  const row = await side.db.read((r) =>
    r.get<{ n: number | null }>('SELECT sum(expected + unexpected + flaky + skipped) AS n FROM test_days'),
  );
  assert.equal(row?.n ?? 0, ran, 'results were lost or counted twice');
}
