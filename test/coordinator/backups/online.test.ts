import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { backUpDataFolder, restoreInto, verifyBackup } from '../../../coordinator/backup.ts';
import type { FleetEvent } from '../../../shared/protocol/events.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';
import { tempFolder } from '../../support/folders.ts';
import { LinkWorker } from '../../support/link-worker.ts';
import { runSuite } from '../../support/suite-runs.ts';
import { backUp, backupsOf, settings, storeBlob } from './support.ts';

const signal = new AbortController().signal;
const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const verify = (from: string, passphrase: string | null = null) =>
  verifyBackup({ from, passphrase }, tempFolder(), signal);
const runsOf = async (coordinator: TestCoordinator) =>
  (await okJson<{ items: { id: string; status: string }[] }>(await coordinator.request('GET', '/api/v1/test-runs')))
    .items;

async function storeSome(coordinator: TestCoordinator, count: number): Promise<Map<string, Buffer>> {
  const stored = new Map<string, Buffer>();
  for (let n = 0; n < count; n++) {
    const bytes = randomBytes(1000 + n);
    stored.set(hashOf(bytes), bytes);
    await storeBlob(coordinator, hashOf(bytes), bytes);
  }
  return stored;
}

test('a backup of a coordinator that works is restored elsewhere and goes on: all that was acknowledged before is there', async () => {
  const coordinator = await startCoordinator();
  const worker = await LinkWorker.enrol(coordinator);
  await worker.connect();
  const before = await runSuite(coordinator, worker, { a: {}, b: { ends: 'failed' }, c: {} });
  const blobs = await storeSome(coordinator, 3);
  const held = worker.grant((grant) => grant.work.kind === 'discover');
  const source = { type: 'bundle', tree: '0'.repeat(64), projectDir: '' };
  await coordinator.request('POST', '/api/v1/test-runs/create', { name: 'interrupted', source, project: 'shop' });
  const grant = await held;
  const attempt = await backUp(coordinator);
  expect(attempt).toMatchObject({ state: 'done', detail: null, trigger: 'asked' });
  expect(attempt.blocked_ms).toBeLessThan(1000);
  const { items, last_good_at, folder: named } = await backupsOf(coordinator);
  expect(named).toBeNull();
  const folder = path.join(coordinator.dataDir, 'backups');
  expect(items).toMatchObject([
    { name: attempt.backup, encrypted: false, artifacts: expect.any(Number) as number, has_keys: false },
  ]);
  expect(Date.parse(last_good_at ?? '')).toBeGreaterThan(0);
  expect(await verify(folder)).toMatchObject({ missing: 0 });

  // Nobody knows of what comes after the backup.
  await coordinator.request('POST', '/api/v1/test-runs/create', { name: 'too late', source, project: 'shop' });
  await coordinator.stop();
  worker.drop();
  const into = path.join(tempFolder(), 'restored');
  const restored = await restoreInto(into, { from: folder, passphrase: null }, Date.now);
  expect(restored).toMatchObject({ missingArtifacts: 0, hasKeys: false });
  expect(readdirSync(into).sort()).toEqual(['blobs', 'playfleet.db', 'playfleet.db.lock']);
  const second = await startCoordinator({ again: { dataDir: into, adminToken: coordinator.adminToken } });
  expect(second.log.some((line) => String(line['msg']).includes('restored from a backup'))).toBe(true);
  const runs = await runsOf(second);
  expect(runs.map(({ id }) => id).sort()).toEqual([before.id, grant.runId].sort());
  expect(await okJson(await second.request('GET', `/api/v1/test-runs/${before.id}`))).toMatchObject({
    status: before.status,
    tests: before.tests,
  });
  for (const [hash, bytes] of blobs) {
    const answer = await second.request('GET', `/api/v1/blobs/${hash}`);
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
  }
  // Whoever held a task then, holds it no more, and what it says of it changes nothing.
  await worker.connect([], second.url);
  expect(await worker.report({ kind: 'begin', taskId: grant.taskId, attempt: grant.attempt, fence: grant.fence })).toBe(
    'stale',
  );
  const again = await worker.grant((one) => one.runId === grant.runId);
  expect(again.fence).toBeGreaterThan(1e12);
  // And a whole run goes through after it.
  await worker.carryOut(again);
  const after = await runSuite(second, worker, { d: {}, e: {} });
  expect(after.tests).toMatchObject({ total: 2, expected: 2 });
  const { items: events } = await okJson<{ items: FleetEvent[] }>(
    await second.request('GET', '/api/v1/events?type=coordinator.restored'),
  );
  expect(events).toMatchObject([{ data: { backup: attempt.backup, tasks: 1 } }]);
});

test('a second backup copies only what is new; deleting the first leaves the second whole, and the last one frees all', async () => {
  const coordinator = await startCoordinator();
  await storeSome(coordinator, 4);
  const first = await backUp(coordinator);
  await storeSome(coordinator, 2);
  const second = await backUp(coordinator);
  const { items } = await backupsOf(coordinator);
  const folder = path.join(coordinator.dataDir, 'backups');
  expect(items.map(({ name, artifacts }) => [name, artifacts])).toEqual([
    [second.backup, 6],
    [first.backup, 4],
  ]);
  const files = () =>
    readdirSync(path.join(folder, 'artifacts'), { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
      .length;
  expect(files()).toBe(6);
  const deleted = await coordinator.request('DELETE', `/api/v1/backups/${first.backup}`);
  expect((await okJson<{ items: unknown[] }>(deleted)).items).toHaveLength(1);
  expect(await verify(folder)).toMatchObject({ artifacts: 6 });
  await coordinator.request('DELETE', `/api/v1/backups/${second.backup}`);
  expect(files()).toBe(0);
  expect((await coordinator.request('DELETE', `/api/v1/backups/${second.backup}`)).status).toBe(404);
  expect((await coordinator.request('GET', '/api/v1/backups/..%2f..%2fsecret.key/download')).status).toBe(422);
  const without = await backUp(coordinator, { artifacts: false });
  expect((await backupsOf(coordinator)).items).toMatchObject([{ name: without.backup, artifacts: null }]);
});

test('with a passphrase nothing is readable, the keys are in it, and a wrong one opens nothing', async () => {
  const coordinator = await startCoordinator();
  const passphrase = 'a passphrase of its own';
  await settings(coordinator, { backup_passphrase: passphrase, smtp_password: null });
  const [[hash, bytes] = ['', Buffer.alloc(0)]] = await storeSome(coordinator, 1);
  const { backup } = await backUp(coordinator);
  const { items } = await backupsOf(coordinator);
  const folder = path.join(coordinator.dataDir, 'backups');
  expect(items).toMatchObject([{ encrypted: true, has_keys: true }]);
  const written = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  for (const file of written) {
    const content = readFileSync(path.join(file.parentPath, file.name));
    expect(content.includes('SQLite format 3'), file.name).toBe(false);
    if (bytes.length > 0) expect(content.includes(bytes.subarray(0, 64)), file.name).toBe(false);
    expect(file.name).not.toBe(hash);
  }
  const from = path.join(folder, backup ?? '');
  await expect(verify(from)).rejects.toThrow('It is encrypted: give its passphrase');
  await expect(verify(from, 'another passphrase')).rejects.toThrow('The passphrase is not the one');
  expect(await verify(from, passphrase)).toMatchObject({ artifacts: 1 });
  const into = path.join(tempFolder(), 'restored');
  expect(await restoreInto(into, { from, passphrase }, Date.now)).toMatchObject({ hasKeys: true, artifacts: 1 });
  expect(
    readFileSync(path.join(into, 'secret.key')).equals(readFileSync(path.join(coordinator.dataDir, 'secret.key'))),
  ).toBe(true);
  // Another passphrase for the same folder would leave backups that nobody opens.
  await settings(coordinator, { backup_passphrase: 'yet another passphrase' });
  expect(await backUp(coordinator)).toMatchObject({
    state: 'failed',
    detail: expect.stringContaining('passphrase') as string,
  });
  const { warnings } = await okJson<{ warnings: string[] }>(await coordinator.request('GET', '/readyz'));
  expect(warnings).toEqual([expect.stringMatching(/^The last backup failed/)]);
  expect(await verify(from, passphrase)).toMatchObject({ artifacts: 1 });
});

test('what is damaged is named: each part, the manifest, an artifact, the list', async () => {
  const coordinator = await startCoordinator();
  await storeSome(coordinator, 2);
  const { backup } = await backUp(coordinator);
  await coordinator.stop();
  const folder = path.join(coordinator.dataDir, 'backups');
  const own = path.join(folder, backup ?? '');
  const artifact = readdirSync(path.join(folder, 'artifacts'), { recursive: true, withFileTypes: true }).find((one) =>
    one.isFile(),
  )!;
  const damage = async (file: string, spoil: (file: string) => void, says: string | RegExp) => {
    const kept = readFileSync(file);
    rmSync(file);
    writeFileSync(file, kept);
    spoil(file);
    await expect(verify(own), file).rejects.toThrow(says);
    const into = path.join(tempFolder(), 'nothing');
    await expect(restoreInto(into, { from: own, passphrase: null }, Date.now), file).rejects.toThrow(says);
    expect(existsSync(into)).toBe(false);
    writeFileSync(file, kept);
  };
  const flip = (file: string) => {
    const bytes = readFileSync(file);
    const at = Math.floor(bytes.length / 2);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(file, bytes);
  };
  const cut = (file: string) => truncateSync(file, Math.floor(statSync(file).size / 2));
  await damage(path.join(own, 'database'), flip, /database is not what it was/);
  await damage(path.join(own, 'database'), cut, /database is not what it was/);
  await damage(path.join(own, 'database'), rmSync, /database is not there/);
  await damage(path.join(own, 'manifest.json'), cut, /manifest.json is not whole/);
  await damage(
    path.join(own, 'manifest.json'),
    (file) => writeFileSync(file, readFileSync(file, 'utf8').replace(/"runs": \d+/, '"runs": 99')),
    /manifest.json was changed/,
  );
  await damage(path.join(own, 'artifacts.txt'), cut, /artifacts.txt was changed/);
  await damage(path.join(artifact.parentPath, artifact.name), flip, /artifact \w+ of .* was changed/);
  await damage(path.join(artifact.parentPath, artifact.name), rmSync, /artifact \w+ of .* is not there/);
  expect(await verify(own)).toMatchObject({ artifacts: 2 });
});

test('a folder that is in use, full or of a newer program is refused, and stays as it is', async () => {
  const coordinator = await startCoordinator();
  await backUp(coordinator);
  const from = path.join(coordinator.dataDir, 'backups');
  const which = { from, passphrase: null };
  await expect(restoreInto(coordinator.dataDir, which, Date.now)).rejects.toThrow("has a coordinator's data");
  const full = tempFolder();
  writeFileSync(path.join(full, 'mine.txt'), 'mine');
  await expect(restoreInto(full, which, Date.now)).rejects.toThrow('is not empty (mine.txt)');
  expect(readdirSync(full)).toEqual(['mine.txt']);
  await expect(restoreInto(path.join(full, 'x'), { from: full, passphrase: null }, Date.now)).rejects.toThrow(
    'There is no backup in',
  );
  expect(readdirSync(full)).toEqual(['mine.txt']);
  const options = {
    dataDir: coordinator.dataDir,
    to: path.join(full, 'b.tar'),
    version: '1',
    passphrase: null,
    withKeys: false,
    withArtifacts: true,
    now: Date.now,
    signal,
  };
  await expect(backUpDataFolder(options)).rejects.toThrow('Another coordinator is using the data folder');
  await coordinator.stop();
  await backUpDataFolder(options);
  expect(await verify(options.to)).toMatchObject({ missing: 0 });
  await expect(backUpDataFolder(options)).rejects.toThrow('is there already');
  expect(readdirSync(full).sort()).toEqual(['b.tar', 'mine.txt']);
  // The file alone is enough.
  const into = path.join(tempFolder(), 'restored');
  await restoreInto(into, { from: options.to, passphrase: null }, Date.now);
  const second = await startCoordinator({ again: { dataDir: into, adminToken: coordinator.adminToken } });
  expect((await second.request('GET', '/api/v1/workers')).status).toBe(200);
  truncateSync(options.to, 9000);
  await expect(verify(options.to)).rejects.toThrow(/was cut off/);
});

test('a folder that cannot be looked into is told of, beside why the backup failed, and everything else is still answered', async () => {
  const coordinator = await startCoordinator();
  const file = path.join(tempFolder(), 'file');
  writeFileSync(file, '');
  await settings(coordinator, { backup_folder: path.join(file, 'backups') });
  expect(await backUp(coordinator)).toMatchObject({ state: 'failed' });
  const { items, warnings, attempts } = await backupsOf(coordinator);
  expect(items).toEqual([]);
  expect(attempts).toHaveLength(1);
  expect(warnings).toEqual([
    expect.stringMatching(/^The last backup failed \(.+Z\): .+ is no folder.+ nothing of this backup was kept\.$/),
    expect.stringMatching(/backups is no folder, or lies in something that is none\. Choose another folder\.$/),
  ]);
});
