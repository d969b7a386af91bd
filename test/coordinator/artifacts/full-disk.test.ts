import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { BlobStore } from '../../../coordinator/artifacts/blob-store.ts';
import { StorageFullError } from '../../../coordinator/storage/database.ts';
import { migrations } from '../../../coordinator/storage/migrations.ts';
import { openDatabase } from '../../../coordinator/storage/open.ts';
import { systemClock } from '../../../shared/base/clock.ts';
import { tempFolder } from '../../support/folders.ts';

async function* chunksOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

// Only root may mount a disk of a size that a test can fill.
const mayMount = process.platform === 'linux' && process.getuid?.() === 0;

test.runIf(mayMount)(
  'a full disk is told as such, leaves nothing behind, and is usable again once there is space',
  async () => {
    const folder = tempFolder();
    const dir = path.join(folder, 'disk');
    mkdirSync(dir);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', dir]);
    onTestFinished(() => void execFileSync('umount', [dir]));
    const report = (error: unknown) => {
      throw error;
    };
    const db = await openDatabase({ file: path.join(folder, 'playfleet.db'), migrations, clock: systemClock, report });
    onTestFinished(() => db.close());
    const store = await BlobStore.open(path.join(dir, 'blobs'), db, systemClock);
    const large = randomBytes(2 * 1024 * 1024);
    await expect(store.add(chunksOf(large), { maxBytes: large.length })).rejects.toThrow(StorageFullError);
    expect(readdirSync(path.join(dir, 'blobs', 'tmp'))).toEqual([]);
    const sha256 = createHash('sha256').update(large).digest('hex');
    expect(await store.missing([sha256])).toEqual([sha256]);
    const small = randomBytes(500_000);
    expect(await store.add(chunksOf(small), { maxBytes: small.length })).toMatchObject({ size: small.length });
  },
);
