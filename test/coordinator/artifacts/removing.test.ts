/** Bytes that nobody needs any more are removed, also while the same ones come again. */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { BlobStore } from '../../../coordinator/artifacts/blob-store.ts';
import { migrations } from '../../../coordinator/storage/migrations.ts';
import { openDatabase } from '../../../coordinator/storage/open.ts';
import { systemClock } from '../../../shared/base/clock.ts';
import { tempFolder } from '../../support/folders.ts';

async function openStore() {
  const folder = tempFolder();
  const report = (error: unknown) => {
    throw error;
  };
  const db = await openDatabase({ file: path.join(folder, 'playfleet.db'), migrations, clock: systemClock, report });
  onTestFinished(() => db.close());
  return BlobStore.open(path.join(folder, 'blobs'), db, systemClock);
}

test('what is removed counts as missing, and is stored anew when it is brought again; the rest stays', async () => {
  const store = await openStore();
  const [gone, kept] = [await store.addBytes(randomBytes(1000)), await store.addBytes(randomBytes(1000))];
  const both = [gone.sha256, kept.sha256];
  await store.remove(async () => [gone.sha256]);
  expect(await store.missing(both)).toEqual([gone.sha256]);
  expect(both.map((sha256) => existsSync(store.pathOf(sha256)))).toEqual([false, true]);
  // Broken off before and done again.
  await store.remove(async () => [gone.sha256]);
  await expect(
    store.remove(async () => {
      throw new Error('who needs it could not be found out');
    }),
  ).rejects.toThrow('could not be found out');
  expect(await store.fileOf(kept.sha256)).not.toBeNull();
});

test('whatever comes and goes at once, what is listed is whole, and what is not listed is not there', async () => {
  const store = await openStore();
  const contents = Array.from({ length: 5 }, () => randomBytes(100));
  const hashes = contents.map((content) => createHash('sha256').update(content).digest('hex'));
  for (let round = 0; round < 20; round++) {
    const adding = contents.map((content) => store.addBytes(content));
    await Promise.all([
      ...adding,
      store.remove(async () => hashes),
      store.remove(async () => hashes),
      ...contents.map((one) => store.addBytes(one)),
    ]);
    if (round % 2 === 0) await store.remove(async () => hashes.slice(0, 2));
    const missing = new Set(await store.missing(hashes));
    const there = hashes.filter((sha256) => existsSync(store.pathOf(sha256)));
    expect([round, there]).toEqual([round, hashes.filter((sha256) => !missing.has(sha256))]);
  }
});
