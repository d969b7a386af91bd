/** Releases on the coordinator: what is taken in, what machines get, and who may change it. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { isToClear, WITHDRAWN_KEPT_MS } from '../../../coordinator/updates/rules.ts';
import type { Release } from '../../../shared/protocol/rest/updates.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';
import { tempFolder } from '../../support/folders.ts';
import {
  flipByte,
  newPublisher,
  publish,
  signInto,
  type PublishedRelease,
  type ReleaseOptions,
} from '../../support/update-feed.ts';

const publisher = newPublisher();
const HOUR = 3_600_000;

async function start() {
  const c = await startCoordinator({ updateKeys: [publisher.publicKey] });
  const folder = path.join(tempFolder(), 'release');
  const release = (version: string, more: Partial<ReleaseOptions> = {}) =>
    publish(folder, { version, by: publisher, bytes: 5000, ...more });
  return { c, folder, release };
}

/** As `playfleet updates import` does it. */
async function bring(c: TestCoordinator, { folder, manifest, envelope }: PublishedRelease): Promise<Response> {
  const files = [];
  for (const { name } of [...manifest.feeds, ...manifest.packages]) {
    const bytes = await readFile(path.join(folder, name));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const put = await fetch(`${c.url}/api/v1/blobs/${sha256}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${c.adminToken}`, 'content-type': 'application/octet-stream' },
      body: new Uint8Array(bytes),
    });
    expect(put.status).toBe(201);
    files.push({ name, sha256 });
  }
  return c.request('POST', '/api/v1/updates', { envelope: await readFile(path.join(folder, envelope), 'utf8'), files });
}

const feedOf = (c: TestCoordinator, name: string, headers: Record<string, string> = {}, channel = 'stable') =>
  c.request('GET', `/api/v1/updates/feed/${channel}/${name}`, undefined, headers);

const versionIn = async (answer: Response): Promise<string> =>
  (JSON.parse((await okJson<{ manifest: string }>(answer)).manifest) as { version: string }).version;

test('an imported release is served to workers with their key, in ranges, and with ETags', async () => {
  const { c, release } = await start();
  const made = await release('1.1.0');
  const stored = await okJson<Release>(await bring(c, made));
  expect(stored).toMatchObject({ version: '1.1.0', state: 'current', staged_percent: 100, signed_percent: 100 });
  const { apiKey } = await c.enrol('machine-1');
  const asWorker = { authorization: `Bearer ${apiKey}` };
  const envelope = await feedOf(c, made.envelope, asWorker);
  expect(envelope.headers.get('x-playfleet-staged-percent')).toBeNull();
  expect(await envelope.text()).toBe(await readFile(path.join(made.folder, made.envelope), 'utf8'));
  const bytes = await readFile(path.join(made.folder, made.package));
  const part = await feedOf(c, made.package, { ...asWorker, range: 'bytes=1000-' });
  expect(part.status).toBe(206);
  expect(Buffer.from(await part.arrayBuffer())).toEqual(bytes.subarray(1000));
  const etag = part.headers.get('etag') ?? '';
  expect((await feedOf(c, made.package, { ...asWorker, 'if-none-match': etag })).status).toBe(304);
  expect(part.headers.get('cache-control')).toBe('private, no-cache');
  const nobody = await fetch(`${c.url}/api/v1/updates/feed/stable/${made.package}`);
  expect(nobody.status).toBe(401);
  expect((await feedOf(c, 'latest-mac.yml')).status).toBe(404);
  expect((await feedOf(c, made.envelope, {}, 'beta')).status).toBe(404);
});

test('what is not signed by a known publisher, has ended, or lacks or changes a file is not taken in', async () => {
  const { c, release } = await start();
  const refusal = async (answer: Response) => {
    const { detail } = (await answer.json()) as { detail: string };
    return `${answer.status} ${detail}`;
  };
  expect(await refusal(await bring(c, await release('1.1.0', { by: newPublisher() })))).toMatch(
    /^422 envelope .*does not know/,
  );
  const past = new Date(Date.now() - HOUR);
  expect(await refusal(await bring(c, await release('1.1.0', { expiresAt: past })))).toMatch(/^422 envelope has ended/);
  const made = await release('1.1.0');
  await flipByte(path.join(made.folder, made.package));
  expect(await refusal(await bring(c, made))).toMatch(
    /^422 files holds a playfleet-1.1.0-linux-amd64.deb that is not what was signed/,
  );
  const whole = await release('1.1.0');
  const envelope = await readFile(path.join(whole.folder, whole.envelope), 'utf8');
  const none = { envelope, files: [{ name: 'other', sha256: 'a'.repeat(64) }] };
  expect(await refusal(await c.request('POST', '/api/v1/updates', none))).toMatch(/^422 files lacks latest-linux.yml/);
  const absent = {
    envelope,
    files: [...whole.manifest.feeds, ...whole.manifest.packages].map(({ name }) => ({ name, sha256: 'a'.repeat(64) })),
  };
  expect(await refusal(await c.request('POST', '/api/v1/updates', absent))).toMatch(
    /^422 files names bytes .* upload them first/,
  );
  expect(await okJson<{ items: [] }>(await c.request('GET', '/api/v1/updates'))).toMatchObject({ items: [] });
});

test('files of a version never change, and an older signature does not replace a newer one', async () => {
  const { c, release, folder } = await start();
  const first = await release('1.1.0');
  await okJson(await bring(c, first));
  const other = await release('1.1.0', { content: Buffer.from('other bytes'), signedAt: new Date(Date.now() + HOUR) });
  expect((await bring(c, other)).status).toBe(409);
  const older = await release('1.1.0', { signedAt: new Date(Date.now() - HOUR) });
  expect((await bring(c, older)).status).toBe(409);
  const longer = await release('1.1.0', {
    signedAt: new Date(Date.now() + HOUR),
    expiresAt: new Date(Date.now() + 90 * 24 * HOUR),
  });
  const renewed = await okJson<Release>(await bring(c, longer));
  expect(renewed.expires_at).toBe(longer.manifest.expires_at);
  expect(folder).toBe(longer.folder);
});

test('an admin gives it to fewer machines than are signed, never to more', async () => {
  const { c, release } = await start();
  const made = await release('1.1.0', { stagedPercent: 50 });
  const { id } = await okJson<Release>(await bring(c, made));
  const stage = (staged_percent: number | null) => c.request('PATCH', `/api/v1/updates/${id}`, { staged_percent });
  const tooMany = await stage(51);
  expect([tooMany.status, await tooMany.text()]).toEqual([422, expect.stringContaining('at most 50')]);
  expect(await okJson<Release>(await stage(10))).toMatchObject({ staged_percent: 10 });
  expect((await feedOf(c, made.envelope)).headers.get('x-playfleet-staged-percent')).toBe('10');
  expect(await okJson<Release>(await stage(null))).toMatchObject({ staged_percent: 50 });
  expect((await feedOf(c, made.envelope)).headers.get('x-playfleet-staged-percent')).toBeNull();
  // Signed again for fewer: what was let through here is not more than that.
  await okJson(await stage(40));
  await signInto(
    made.folder,
    { ...made.manifest, staged_percent: 20, signed_at: new Date(Date.now() + HOUR).toISOString() },
    publisher,
  );
  expect(await okJson<Release>(await bring(c, made))).toMatchObject({ staged_percent: 20, signed_percent: 20 });
});

test('the newest release is offered, and the one before again when it is withdrawn', async () => {
  const { c, release } = await start();
  const old = await release('1.9.0');
  await okJson(await bring(c, old));
  const made = await release('1.10.0');
  const { id } = await okJson<Release>(await bring(c, made));
  expect(await versionIn(await feedOf(c, made.envelope))).toBe('1.10.0');
  expect((await feedOf(c, old.package)).status).toBe(404);
  await okJson(await c.request('DELETE', `/api/v1/updates/${id}`));
  expect(await versionIn(await feedOf(c, made.envelope))).toBe('1.9.0');
  const { items } = await okJson<{ items: Release[] }>(await c.request('GET', '/api/v1/updates'));
  expect(items.map(({ version, state }) => [version, state])).toEqual([
    ['1.10.0', 'withdrawn'],
    ['1.9.0', 'current'],
  ]);
  expect((await c.request('DELETE', '/api/v1/updates/none')).status).toBe(404);
});

test('who did what to releases stands in the audit log', async () => {
  const { c, release } = await start();
  const { id } = await okJson<Release>(await bring(c, await release('1.1.0')));
  await okJson(await c.request('PATCH', `/api/v1/updates/${id}`, { staged_percent: 5 }));
  await okJson(await c.request('DELETE', `/api/v1/updates/${id}`));
  const { items } = await okJson<{ items: { action: string; target: string; data: object }[] }>(
    await c.request('GET', '/api/v1/audit?action=release.staged'),
  );
  expect(items).toMatchObject([{ action: 'release.staged', target: '1.1.0', data: { from: 100, to: 5 } }]);
  const all = await okJson<{ items: { action: string }[] }>(await c.request('GET', '/api/v1/audit?limit=100'));
  for (const action of ['release.imported', 'release.withdrawn'])
    expect(all.items.map((one) => one.action)).toContain(action);
});

test('files of a withdrawn release are kept for a week, and no longer', () => {
  const at = Date.now();
  expect(isToClear({ withdrawn_at: null }, at)).toBe(false);
  expect(isToClear({ withdrawn_at: at }, at + WITHDRAWN_KEPT_MS - 1)).toBe(false);
  expect(isToClear({ withdrawn_at: at }, at + WITHDRAWN_KEPT_MS)).toBe(true);
  expect(WITHDRAWN_KEPT_MS).toBe(7 * 24 * HOUR);
});

/** As if every withdrawal had been made `ms` earlier. */
function makeOlder({ dataDir }: TestCoordinator, ms: number): void {
  const db = new DatabaseSync(path.join(dataDir, 'playfleet.db'));
  db.prepare('UPDATE releases SET withdrawn_at = withdrawn_at - ?').run(ms);
  db.close();
}

test('the packages of a withdrawn release go from the disk after a week, unless another needs the same bytes', async () => {
  const { c, release } = await start();
  const kept = await release('1.0.0', { content: Buffer.from('the same bytes') });
  await okJson(await bring(c, kept));
  const shared = await release('1.1.0', { content: Buffer.from('the same bytes') });
  const { id: sharedId } = await okJson<Release>(await bring(c, shared));
  const own = await release('1.2.0', { content: Buffer.from('bytes of its own') });
  const { id: ownId } = await okJson<Release>(await bring(c, own));
  const late = await release('1.3.0', { content: Buffer.from('withdrawn lately') });
  const { id: lateId } = await okJson<Release>(await bring(c, late));
  for (const id of [sharedId, ownId]) await okJson(await c.request('DELETE', `/api/v1/updates/${id}`));
  await c.stop();
  makeOlder(c, WITHDRAWN_KEPT_MS);
  const stored = (content: string) => {
    const sha256 = createHash('sha256').update(content).digest('hex');
    return path.join(c.dataDir, 'blobs', sha256.slice(0, 2), sha256);
  };
  expect(existsSync(stored('bytes of its own'))).toBe(true);
  const again = await startCoordinator({ again: c, updateKeys: [publisher.publicKey] });
  await okJson(await again.request('DELETE', `/api/v1/updates/${lateId}`));
  const cleared = async () => {
    const answer = await again.request('GET', '/api/v1/audit?action=release.cleared');
    const { items } = await okJson<{ items: { target: string; data: { bytes: number } }[] }>(answer);
    return items.map(({ target }) => target).toSorted();
  };
  await expect.poll(cleared).toEqual(['1.1.0', '1.2.0']);
  expect(['bytes of its own', 'the same bytes', 'withdrawn lately'].map((text) => existsSync(stored(text)))).toEqual([
    false,
    true,
    true,
  ]);
  const { items } = await okJson<{ items: Release[] }>(await again.request('GET', '/api/v1/updates'));
  expect(items.map(({ version, state, files }) => [version, state, files.length])).toEqual([
    ['1.3.0', 'withdrawn', 2],
    ['1.2.0', 'withdrawn', 0],
    ['1.1.0', 'withdrawn', 0],
    ['1.0.0', 'current', 2],
  ]);
  // Who has withdrawn it by mistake brings it again, with its bytes.
  const back = await release('1.2.0', { content: Buffer.from('bytes of its own') });
  expect(await okJson<Release>(await bring(again, back))).toMatchObject({ version: '1.2.0', state: 'current' });
  expect(await (await feedOf(again, back.package)).text()).toBe('bytes of its own');
});
