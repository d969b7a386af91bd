import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock, type Clock } from '../../shared/base/clock.ts';
import { readKey, writeKey } from '../../src-main/agent/key-file.ts';
import { KeyRotation } from '../../src-main/agent/key-rotation.ts';
import { mountSmallDisk, NO_SMALL_DISK } from '../faults/small-disk.ts';
import { startCoordinator } from '../support/coordinator.ts';
import { tempFolder } from '../support/folders.ts';
import { captureLog, startAgent } from './support.ts';

/** Timers run when the test says so. */
function manualClock() {
  const timers: { ms: number; fn: () => void }[] = [];
  const clock: Clock = {
    ...systemClock,
    after(ms, fn) {
      const timer = { ms, fn };
      timers.push(timer);
      return () => void timers.splice(timers.indexOf(timer), timers.includes(timer) ? 1 : 0);
    },
  };
  return { clock, timers };
}

async function rig(folder = tempFolder()) {
  const coordinator = await startCoordinator();
  const { workerId, apiKey } = await coordinator.enrol('mill');
  const keyFile = path.join(folder, 'key.json');
  const key = { url: coordinator.url, pin: null, workerId, name: 'mill', apiKey };
  await writeKey(keyFile, key);
  const { clock, timers } = manualClock();
  const { log, lines } = captureLog();
  const status = async (secret: string) =>
    (await coordinator.request('GET', `/api/v1/workers/${workerId}`, undefined, { authorization: `Bearer ${secret}` }))
      .status;
  return {
    coordinator,
    key,
    keyFile,
    old: apiKey,
    rotation: new KeyRotation({ key, keyFile, clock, log }),
    timers,
    lines,
    status,
  };
}

test('the agent replaces its key when it is time, keeps it in its file, and the old one ends with the first use of the new', async () => {
  const { key, keyFile, old, rotation, timers, status } = await rig();
  rotation.schedule(30 * 86_400_000);
  expect(timers[0]?.ms).toBe(86_400_000);
  timers[0]?.fn();
  expect(timers.at(-1)?.ms).toBe(86_400_000);
  rotation.schedule(1000);
  timers.at(-1)?.fn();
  await expect.poll(() => key.apiKey).not.toBe(old);
  expect((await readKey(keyFile))?.apiKey).toBe(key.apiKey);
  if (process.platform !== 'win32') expect(statSync(keyFile).mode & 0o077).toBe(0);
  expect(await status(old)).toBe(200);
  expect(await status(key.apiKey)).toBe(200);
  expect(await status(old)).toBe(401);
});

test('a coordinator that is away is asked again later, and the key stays', async () => {
  const { coordinator, key, keyFile, old, rotation, timers, lines } = await rig();
  await coordinator.stop();
  rotation.schedule(1000);
  timers.at(-1)?.fn();
  await expect.poll(() => lines.join('')).toContain('could not replace its key');
  expect(timers.at(-1)?.ms).toBe(3_600_000);
  expect(key.apiKey).toBe(old);
  expect(existsSync(keyFile)).toBe(true);
  rotation.stop();
});

test('a project that the owner does not let run is refused by the agent itself, with the reason', async () => {
  const { coordinator } = await startAgent({ allowProject: ['shop'] });
  expect(coordinator.hellos[0]?.allowProjects).toEqual(['shop']);
  for (const project of ['bank', undefined]) {
    const { fence } = coordinator.grant({ ...(project ? { project } : {}), work: { kind: 'units', testIds: ['t'] } });
    const release = await coordinator.until(() =>
      coordinator.reportsOf('release').find((each) => each.fence === fence),
    );
    expect(release.reason).toBe('the owner of this machine lets only these projects run: shop');
  }
  expect(coordinator.reportsOf('begin')).toEqual([]);
});

test('a new key that cannot be stored, because the disk is full, leaves the worker with its old one, also after a restart of the coordinator', async (t) => {
  const folder = tempFolder();
  const disk = await mountSmallDisk(folder, 1);
  if (disk === null) return t.skip(NO_SMALL_DISK);
  onTestFinished(() => disk.unmount());
  const { coordinator, key, old, keyFile, rotation, timers, lines } = await rig(folder);
  await disk.fill();
  rotation.schedule(1000);
  timers.at(-1)?.fn();
  await expect.poll(() => lines.join('')).toMatch(/ENOSPC.*could not replace its key/);
  expect(timers.at(-1)?.ms).toBe(3_600_000);
  expect(key.apiKey).toBe(old);
  expect((await readKey(keyFile))?.apiKey).toBe(old);
  await coordinator.stop();
  const again = await startCoordinator({ again: coordinator });
  const status = async (secret: string) =>
    (await again.request('GET', `/api/v1/workers/${key.workerId}`, undefined, { authorization: `Bearer ${secret}` }))
      .status;
  expect(await status(old)).toBe(200);

  await disk.free();
  key.url = again.url;
  timers.at(-1)?.fn();
  await expect.poll(() => key.apiKey).not.toBe(old);
  expect((await readKey(keyFile))?.apiKey).toBe(key.apiKey);
  expect(await status(old)).toBe(200);
  expect(await status(key.apiKey)).toBe(200);
  expect(await status(old)).toBe(401);
});
