import { copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { blobsIn, foldLog, inspectCopy } from '../../../coordinator/storage/copied-file.ts';
import { systemClock } from '../../../shared/base/clock.ts';
import { readMigrations } from '../../support/migrations.ts';
import { freshDatabase, temporaryFolder } from './fresh.ts';

const CHECKPOINT_BYTES = 1000 * 4096;

test('while the file is copied writes go on, the file stays as it is, and file and log together are one state', async () => {
  const folder = temporaryFolder();
  const file = path.join(folder, 'playfleet.db');
  const db = await freshDatabase({ file, migrations: readMigrations(), clock: systemClock });
  let written = 0;
  const add = () =>
    db.write(async (w) => {
      await w.run('INSERT INTO blobs (sha256, size, created_at) VALUES (?, ?, 0)', [
        `${String(++written).padStart(8, '0')}${'x'.repeat(4000)}`,
        written,
      ]);
    });
  for (let n = 0; n < 50; n++) await add();
  const copy = path.join(folder, 'copy.db');
  const acknowledged = await db.frozen(async () => {
    const before = statSync(file);
    copyFileSync(file, copy);
    // More than the log may hold before it is moved into the file.
    while (statSync(`${file}-wal`).size < 2 * CHECKPOINT_BYTES) await Promise.all(Array.from({ length: 50 }, add));
    const known = written;
    copyFileSync(`${file}-wal`, `${copy}-wal`);
    await Promise.all(Array.from({ length: 50 }, add));
    expect(statSync(file)).toMatchObject({ size: before.size, mtimeMs: before.mtimeMs });
    return known;
  });
  await expect(db.frozen(() => db.frozen(() => Promise.resolve()))).rejects.toThrow('is being copied already');
  foldLog(copy);
  expect(existsSync(`${copy}-wal`)).toBe(false);
  expect(inspectCopy(copy)).toMatchObject({ damage: '', schema: readMigrations().length, epoch: db.epoch });
  expect(blobsIn(copy).map(({ size }) => size)).toEqual(Array.from({ length: acknowledged }, (_, i) => i + 1));
  // Afterwards the log is moved into the file again.
  while (statSync(file).size < written * 4096) await add();
  expect(await db.read((r) => r.all('SELECT count(*) AS n FROM blobs'))).toEqual([{ n: written }]);
});

test('a log that was copied while its last commit was being written gives what was whole', async () => {
  const folder = temporaryFolder();
  const file = path.join(folder, 'playfleet.db');
  const db = await freshDatabase({ file, migrations: readMigrations(), clock: systemClock });
  await db.frozen(async () => {
    for (let n = 1; n <= 30; n++)
      await db.write((w) =>
        w.run("INSERT INTO meta (key, value) VALUES (?, 'x')", [`row ${String(n).padStart(2, '0')}`]),
      );
    const log = readFileSync(`${file}-wal`);
    for (const length of [log.length - 1, log.length - 4000, Math.floor(log.length / 2), 33, 0]) {
      const copy = path.join(folder, `copy-${length}.db`);
      copyFileSync(file, copy);
      writeFileSync(`${copy}-wal`, log.subarray(0, length));
      foldLog(copy);
      expect(inspectCopy(copy).damage).toBe('');
    }
  });
});
