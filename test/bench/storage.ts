/**
 * What group commit brings: the same commands (an insert with its event, synced to the disk before it is acknowledged) one per transaction,
 * and issued together. Run with `node test/bench/storage.ts [seconds]`; the last line is JSON for a script.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Database, WriteHandle } from '../../coordinator/storage/database.ts';
import { openDatabase } from '../../coordinator/storage/open.ts';
import { systemClock } from '../../shared/base/clock.ts';
import { testMigrations } from '../coordinator/storage/test-migrations.ts';

/** Fifty workers that report at the same time. */
const together = 50;
/** Below this, groups would not be worth their code. */
const promised = 2;

const folder = mkdtempSync(path.join(tmpdir(), 'playfleet-bench-'));
const seconds = Number(process.argv[2] ?? 3);
let number = 0;

async function command(w: WriteHandle): Promise<void> {
  await w.run('INSERT INTO items (name, value) VALUES (?, ?)', [`item ${(number += 1)}`, number]);
  await w.event({ type: 'item.added', runId: 'run', data: { number } });
}

async function withKysely(w: WriteHandle): Promise<void> {
  const name = `item ${(number += 1)}`;
  await w.query.insertInto('meta').values({ key: name, value: name }).execute();
  await w.event({ type: 'item.added', runId: 'run', data: { number } });
}

interface Figures {
  perSecond: number;
  /** Milliseconds until a command was acknowledged. */
  p50: number;
  p99: number;
}

async function measure(database: Database, body: typeof command, width: number): Promise<Figures> {
  const latencies: number[] = [];
  const start = performance.now();
  while (performance.now() - start < seconds * 1000) {
    await Promise.all(
      Array.from({ length: width }, async () => {
        const issued = performance.now();
        await database.write(body);
        latencies.push(performance.now() - issued);
      }),
    );
  }
  const perSecond = Math.round((latencies.length / (performance.now() - start)) * 1000);
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => Number(latencies[Math.floor(latencies.length * share)]?.toFixed(2));
  return { perSecond, p50: at(0.5), p99: at(0.99) };
}

try {
  const database = await openDatabase({
    file: path.join(folder, 'bench.db'),
    migrations: testMigrations,
    clock: systemClock,
    report(error) {
      throw error;
    },
  });
  // Alternating, so that a busy moment of the machine hits both.
  const rounds: { single: Figures; grouped: Figures }[] = [];
  for (let round = 0; round < 3; round += 1) {
    const single = await measure(database, command, 1);
    rounds.push({ single, grouped: await measure(database, command, together) });
  }
  const kysely = await measure(database, withKysely, together);
  const ratios = rounds.map(({ single, grouped }) => grouped.perSecond / single.perSecond).sort((a, b) => a - b);
  const ratio = Number(ratios[1]?.toFixed(2));
  console.table(
    rounds.flatMap(({ single, grouped }) => [
      { how: 'one each', ...single },
      { how: `${together} together`, ...grouped },
    ]),
  );
  console.table([{ how: `${together} together, through Kysely`, ...kysely }]);
  console.log(`group commit: ${ratio} times as many commands a second (median of 3; synchronous=FULL)`);
  await database.close();
  console.log(JSON.stringify({ holds: ratio >= promised, ratio, promised, rounds, kysely }));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
