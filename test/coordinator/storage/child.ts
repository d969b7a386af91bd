/**
 * A process with a database of its own, for tests that kill it: `child.ts open|write|write-large|migrate|intrude FILE`. It tells what it does line by
 * line, written before it goes on, so that a line read by the test is a fact.
 */
import { writeSync } from 'node:fs';
import Libsql from 'libsql';
import { systemClock } from '../../../shared/base/clock.ts';
import type { Migration } from '../../../coordinator/storage/migrate.ts';
import { openDatabase } from '../../../coordinator/storage/open.ts';
import { testMigrations } from './test-migrations.ts';

const [task, file] = process.argv.slice(2);
const say = (line: string): void => void writeSync(1, `${line}\n`);

/** Large enough to be killed in the middle: its first statement has run when `filling` is said. */
const slowMigration: Migration = {
  version: 2,
  name: 'slow',
  get sql() {
    say('filling');
    return `
      CREATE TABLE filled (n INTEGER PRIMARY KEY, text TEXT) STRICT;
      WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 50000000)
      INSERT INTO filled SELECT n, printf('%0200d', n) FROM n;`;
  },
};

/** What the lock of open.ts cannot prevent: another program, e.g. a database browser, in the middle of a change. */
function intrude(): void {
  const intruder = new Libsql(file!);
  intruder.exec('BEGIN IMMEDIATE');
  say('intruding');
  setInterval(() => intruder.inTransaction, 1000);
}

async function main(): Promise<void> {
  if (task === 'intrude') return intrude();
  const database = await openDatabase({
    file: file!,
    migrations: task === 'migrate' ? [...testMigrations, slowMigration] : testMigrations,
    clock: systemClock,
    report(error) {
      throw error;
    },
  });
  say('open');
  if (task === 'open') {
    setInterval(() => undefined, 1000);
    return;
  }
  const large = task === 'write-large';
  const value = large ? new Uint8Array(50_000) : null;
  for (let turn = 0; !large || turn < 120; turn += 1) {
    const burst = Array.from({ length: large ? 1 : 1 + (turn % 7) }, async (_, i) => {
      const name = `${process.pid}-${turn}-${i}`;
      try {
        await database.write(async (w) => {
          await w.run('INSERT INTO items (name, value) VALUES (?, ?)', [name, value]);
          await w.event({ type: 'item.added', data: { name } });
        });
        say(`stored ${name}`);
      } catch (error) {
        say(`refused ${name} ${(error as Error).name}`);
      }
    });
    await Promise.all(burst);
  }
  await database.close();
  say('closed');
}

main().catch((error: Error) => {
  say(`${error.name}: ${error.message}`);
  process.exitCode = 1;
});
