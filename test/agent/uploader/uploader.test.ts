import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../../shared/base/clock.ts';
import { createHttpBlobClient } from '../../../src-main/transfer/http-blob-client.ts';
import { Stash } from '../../../src-main/agent/uploader/stash.ts';
import { Uploader, type UploaderOptions } from '../../../src-main/agent/uploader/uploader.ts';
import { startBlobServer, type BlobServer } from '../../support/blob-server.ts';
import { tempFolder } from '../../support/folders.ts';
import { captureLog } from '../support.ts';

async function rig(folder = tempFolder(), more: Partial<UploaderOptions> = {}, server?: BlobServer) {
  const blobs = server ?? (await startBlobServer());
  if (!server) onTestFinished(() => blobs.close());
  const { log, lines } = captureLog();
  const done: string[] = [];
  const hopeless: string[] = [];
  const stash = new Stash(folder);
  const retry = { tries: 1, backoff: { baseMs: 1, maxMs: 1 }, longestWaitMs: 1 };
  const client = createHttpBlobClient({
    baseUrl: blobs.url,
    pin: null,
    headers: () => ({}),
    clock: systemClock,
    retry,
  });
  const uploader = new Uploader({
    stash,
    client,
    clock: systemClock,
    log,
    onDone: (sha256) => done.push(sha256),
    onHopeless: (sha256) => hopeless.push(sha256),
    ...more,
  });
  onTestFinished(() => uploader.close());
  return { blobs, stash, uploader, done, hopeless, lines, folder };
}

test('bytes arrive once, are asked for before they are sent, and leave the disk', async () => {
  const { blobs, stash, uploader, done, folder } = await rig();
  const first = await stash.keepBytes(Buffer.from('first'));
  blobs.blobs.set(first.sha256, Buffer.from('first'));
  const file = path.join(tempFolder(), 'big');
  writeFileSync(file, Buffer.alloc(1_000_000, 7));
  const second = await stash.keepFile(file, 2_000_000);
  writeFileSync(file, 'changed after it was taken');
  uploader.add(first);
  uploader.add(second!);
  await uploader.done();
  expect(done.sort()).toEqual([first.sha256, second!.sha256].sort());
  expect(blobs.blobs.get(second!.sha256)?.length).toBe(1_000_000);
  expect(blobs.requests.filter((request) => request.startsWith('PUT'))).toEqual([`PUT /${second!.sha256}`]);
  expect(readdirSync(folder)).toEqual([]);
  expect(await stash.keepFile(file, 3)).toBeNull();
  expect(readdirSync(folder)).toEqual([]);
});

test('what was waiting when the agent was killed goes at the next start; half-made copies are cleared away', async () => {
  const before = await rig();
  const stashed = await before.stash.keepBytes(Buffer.from('survives'));
  writeFileSync(path.join(before.folder, 'half-made.part'), 'x');
  const after = await rig(before.folder, {}, before.blobs);
  for (const each of await after.stash.list()) after.uploader.add(each);
  await after.uploader.done();
  expect(after.blobs.blobs.get(stashed.sha256)?.toString()).toBe('survives');
  expect(readdirSync(before.folder)).toEqual([]);
});

test('a file that the store refuses does not keep others from arriving, and is tried until it is taken', async () => {
  const { blobs, stash, uploader, done } = await rig();
  const bad = await stash.keepBytes(Buffer.alloc(300_000, 1));
  const good = await stash.keepBytes(Buffer.alloc(300_000, 2));
  let isRefusing = true;
  blobs.misbehave = ({ path: asked }) =>
    isRefusing && asked === `/${bad.sha256}` ? { kind: 'status', status: 413 } : undefined;
  uploader.add(bad);
  uploader.add(good);
  await vi.waitFor(() => expect(done).toEqual([good.sha256]), 10_000);
  expect(uploader.size).toBe(1);
  isRefusing = false;
  uploader.retryNow();
  await uploader.done();
  expect(done).toEqual([good.sha256, bad.sha256]);
});

test('an urgent file that fails for too long is called hopeless once, and goes on being tried', async () => {
  const { blobs, stash, uploader, hopeless, done } = await rig(tempFolder(), { giveUpMs: 500 });
  let isRefusing = true;
  blobs.misbehave = () => (isRefusing ? { kind: 'status', status: 507 } : undefined);
  const blob = await stash.keepBytes(Buffer.from('a blob report'));
  const attachment = await stash.keepBytes(Buffer.from('a screenshot'));
  uploader.add(blob, true);
  uploader.add(attachment);
  await vi.waitFor(() => expect(hopeless).toEqual([blob.sha256]), 10_000);
  isRefusing = false;
  uploader.retryNow();
  await uploader.done();
  expect(done.sort()).toEqual([blob.sha256, attachment.sha256].sort());
  expect(hopeless).toHaveLength(1);
});

test('a file that was damaged or lost on this disk is given up with an error, so that nothing waits for it for ever', async () => {
  const { blobs, stash, uploader, done, lines } = await rig();
  const damaged = await stash.keepBytes(Buffer.from('as it was'));
  const lost = await stash.keepBytes(Buffer.from('soon gone'));
  writeFileSync(stash.fileOf(damaged.sha256), 'as it wos');
  await stash.remove(lost.sha256);
  uploader.add(damaged);
  uploader.add(lost);
  await uploader.done();
  expect(done.sort()).toEqual([damaged.sha256, lost.sha256].sort());
  expect(blobs.blobs.size).toBe(0);
  expect(lines.join('')).toContain('was damaged on disk');
  expect(lines.join('')).toContain('is gone; it is lost');
});

test('a copy is what was read, byte for byte, under its own name', async () => {
  const { stash } = await rig();
  const file = path.join(tempFolder(), 'f');
  const bytes = Buffer.from(Array.from({ length: 700_000 }, (_, i) => (i * 31) % 251));
  writeFileSync(file, bytes);
  const stashed = await stash.keepFile(file, 1_000_000);
  expect(readFileSync(stash.fileOf(stashed!.sha256)).equals(bytes)).toBe(true);
});
