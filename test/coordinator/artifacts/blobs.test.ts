import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { expect, test } from 'vitest';
import { decodeFrames, encodeFrame, FRAMES_TYPE, type Frame } from '../../../shared/protocol/blobs.ts';
import type { Problem } from '../../../shared/protocol/rest/common.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';
import { raw } from '../http/serve.ts';

const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const address = (sha256: string) => `/api/v1/blobs/${sha256}`;

function upload(coordinator: TestCoordinator, sha256: string, body: Uint8Array): Promise<Response> {
  return fetch(coordinator.url + address(sha256), {
    method: 'PUT',
    body: Buffer.from(body),
    headers: { authorization: `Bearer ${coordinator.adminToken}`, 'content-type': 'application/octet-stream' },
  });
}

const download = (coordinator: TestCoordinator, sha256: string, headers: Record<string, string> = {}, method = 'GET') =>
  coordinator.request(method, address(sha256), undefined, headers);

/** Names of all files that uploads have left. */
function filesOf(coordinator: TestCoordinator): string[] {
  const dir = path.join(coordinator.dataDir, 'blobs');
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(path.relative(dir, entry.parentPath), entry.name))
    .sort();
}

const codeOf = async (answer: Response) => ((await answer.json()) as Problem).code;

test('bytes come back as they went, and lie under their hash', async () => {
  const coordinator = await startCoordinator();
  for (const size of [0, 1, 65_536, 3_000_001]) {
    const bytes = randomBytes(size);
    const sha256 = hashOf(bytes);
    const stored = await upload(coordinator, sha256, bytes);
    expect(stored.status).toBe(201);
    expect(await stored.json()).toEqual({ sha256, size });
    const answer = await download(coordinator, sha256);
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
    expect(answer.headers.get('content-length')).toBe(String(size));
    expect(answer.headers.get('etag')).toBe(`"${sha256}"`);
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment/);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('cache-control')).toContain('immutable');
    expect(readFileSync(path.join(coordinator.dataDir, 'blobs', sha256.slice(0, 2), sha256)).equals(bytes)).toBe(true);
  }
});

test('HEAD, ranges and If-None-Match are served', async () => {
  const coordinator = await startCoordinator();
  const bytes = randomBytes(1000);
  const sha256 = hashOf(bytes);
  await upload(coordinator, sha256, bytes);
  const head = await download(coordinator, sha256, {}, 'HEAD');
  expect([head.status, head.headers.get('content-length'), (await head.arrayBuffer()).byteLength]).toEqual([
    200,
    '1000',
    0,
  ]);
  const cases: [string, number, Buffer | null, string | null][] = [
    ['bytes=0-0', 206, bytes.subarray(0, 1), 'bytes 0-0/1000'],
    ['bytes=100-199', 206, bytes.subarray(100, 200), 'bytes 100-199/1000'],
    ['bytes=990-', 206, bytes.subarray(990), 'bytes 990-999/1000'],
    ['bytes=-10', 206, bytes.subarray(990), 'bytes 990-999/1000'],
    ['bytes=-5000', 206, bytes, 'bytes 0-999/1000'],
    ['bytes=500-99999', 206, bytes.subarray(500), 'bytes 500-999/1000'],
    ['bytes=1000-', 416, null, 'bytes */1000'],
    ['bytes=9-3', 416, null, 'bytes */1000'],
    ['bytes=-0', 416, null, 'bytes */1000'],
    ['bytes=0-1,5-6', 200, bytes, null],
    ['lines=1-2', 200, bytes, null],
    ['bytes=x', 200, bytes, null],
  ];
  for (const [range, status, expected, contentRange] of cases) {
    const answer = await download(coordinator, sha256, { range });
    expect([range, answer.status, answer.headers.get('content-range')]).toEqual([range, status, contentRange]);
    const body = Buffer.from(await answer.arrayBuffer());
    if (expected) expect(body.equals(expected), range).toBe(true);
  }
  expect((await download(coordinator, sha256, { 'if-none-match': `"${sha256}"` })).status).toBe(304);
  expect((await download(coordinator, sha256, { 'if-none-match': '"other"' })).status).toBe(200);
});

test('bytes that do not match their name are refused with 422, and nothing of them is left', async () => {
  const coordinator = await startCoordinator();
  const bytes = randomBytes(300_000);
  const sha256 = hashOf(bytes);
  const flipped = Buffer.from(bytes);
  flipped[150_000] = flipped[150_000]! ^ 1;
  for (const body of [flipped, bytes.subarray(0, -1), Buffer.concat([bytes, Buffer.from([0])]), Buffer.alloc(0)]) {
    const answer = await upload(coordinator, sha256, body);
    expect(answer.status).toBe(422);
    expect(await codeOf(answer)).toBe('hash_mismatch');
  }
  expect(filesOf(coordinator)).toEqual([]);
  expect((await download(coordinator, sha256)).status).toBe(404);
});

test('names that are no hashes are refused with 422', async () => {
  const coordinator = await startCoordinator();
  for (const name of ['abc', 'A'.repeat(64), 'g'.repeat(64), '..%2f..%2fsecret.key', `${'a'.repeat(64)}%00`]) {
    expect((await upload(coordinator, name, Buffer.from('x'))).status).toBe(422);
    expect((await download(coordinator, name)).status).toBe(422);
  }
  expect(filesOf(coordinator)).toEqual([]);
});

test('an upload that breaks off leaves nothing behind, and is no error of ours', async () => {
  const coordinator = await startCoordinator();
  const { port } = new URL(coordinator.url);
  const sha256 = 'a'.repeat(64);
  for (const head of ['content-length: 1000000', 'transfer-encoding: chunked']) {
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(
      `PUT ${address(sha256)} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${coordinator.adminToken}\r\n${head}\r\n\r\n`,
    );
    socket.write(head.startsWith('transfer') ? `186a0\r\n${'x'.repeat(100_000)}\r\n` : 'x'.repeat(100_000));
    await expect.poll(() => filesOf(coordinator).length).toBe(1);
    socket.destroy();
    await expect.poll(() => filesOf(coordinator)).toEqual([]);
  }
  await expect
    .poll(() => coordinator.log.filter((line) => line.msg === 'request' && line.method === 'PUT').length)
    .toBe(2);
  expect(coordinator.log.filter((line) => Number(line.level) >= 50)).toEqual([]);
});

test('what an upload left when the coordinator was killed is gone after the next start', async () => {
  const first = await startCoordinator();
  const { port } = new URL(first.url);
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(
    `PUT ${address('a'.repeat(64))} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${first.adminToken}\r\ncontent-length: 9\r\n\r\nabc`,
  );
  await expect.poll(() => filesOf(first).length).toBe(1);
  const [left = ''] = filesOf(first);
  const bytes = readFileSync(path.join(first.dataDir, 'blobs', left));
  await first.stop();
  // As kill -9 would have left it.
  writeFileSync(path.join(first.dataDir, 'blobs', left), bytes);
  const second = await startCoordinator({ again: first });
  expect(filesOf(second)).toEqual([]);
});

test('the same blob uploaded twenty times at once is stored once, whole', async () => {
  const coordinator = await startCoordinator();
  const bytes = randomBytes(500_000);
  const sha256 = hashOf(bytes);
  const answers = await Promise.all(Array.from({ length: 20 }, () => upload(coordinator, sha256, bytes)));
  expect(answers.map((answer) => answer.status)).toEqual(Array<number>(20).fill(201));
  expect(filesOf(coordinator)).toEqual([path.join(sha256.slice(0, 2), sha256)]);
  expect(hashOf(Buffer.from(await (await download(coordinator, sha256)).arrayBuffer()))).toBe(sha256);
});

test('which blobs are missing is asked for many at once', async () => {
  const coordinator = await startCoordinator();
  const bytes = Buffer.from('known');
  await upload(coordinator, hashOf(bytes), bytes);
  const others = Array.from({ length: 9_999 }, (_, n) => hashOf(Buffer.from(`unknown ${n}`)));
  const ask = (hashes: string[]) => coordinator.request('POST', '/api/v1/blobs/missing', { hashes });
  expect(await okJson(await ask([...others, hashOf(bytes)]))).toEqual({ missing: others });
  expect((await ask([...others, hashOf(bytes), 'a'.repeat(64)])).status).toBe(422);
  expect((await ask(['A'.repeat(64)])).status).toBe(422);
});

const sendFrames = (coordinator: TestCoordinator, body: Uint8Array, type = FRAMES_TYPE) =>
  fetch(`${coordinator.url}/api/v1/blobs/batch`, {
    method: 'POST',
    body: Buffer.from(body),
    headers: { authorization: `Bearer ${coordinator.adminToken}`, 'content-type': type },
  });

test('a batch stores each good blob and names each bad one', async () => {
  const coordinator = await startCoordinator();
  const good = Array.from({ length: 200 }, (_, n) => Buffer.from(`blob ${n}`));
  const bad = { sha256: hashOf(Buffer.from('other')), bytes: Buffer.from('damaged') };
  const frames: Frame[] = [...good.map((bytes) => ({ sha256: hashOf(bytes), bytes })), bad];
  const answer = await okJson<{ refused: { sha256: string }[] }>(
    await sendFrames(coordinator, Buffer.concat(frames.map(encodeFrame))),
  );
  expect(answer.refused.map((item) => item.sha256)).toEqual([bad.sha256]);
  expect(filesOf(coordinator)).toHaveLength(200);
  const read = await coordinator.request('POST', '/api/v1/blobs/read', { hashes: [...good.map(hashOf), bad.sha256] });
  const back: Frame[] = [];
  for await (const frame of decodeFrames(read.body as unknown as AsyncIterable<Uint8Array>)) back.push(frame);
  expect(back.map((frame) => frame.sha256).sort()).toEqual(good.map(hashOf).sort());
  for (const frame of back) expect(hashOf(frame.bytes)).toBe(frame.sha256);
});

test('a batch that is cut, too large, or something else is refused', async () => {
  const coordinator = await startCoordinator();
  const frame = encodeFrame({ sha256: hashOf(Buffer.from('x')), bytes: Buffer.from('x') });
  const cut = await sendFrames(coordinator, frame.subarray(0, -1));
  expect([cut.status, await codeOf(cut)]).toEqual([422, 'bad_frames']);
  const huge = encodeFrame({ sha256: 'a'.repeat(64), bytes: Buffer.alloc(256 * 1024 + 1) });
  expect((await sendFrames(coordinator, huge)).status).toBe(422);
  const long = Buffer.concat(
    Array.from({ length: 70 }, () => encodeFrame({ sha256: 'a'.repeat(64), bytes: Buffer.alloc(256 * 1024) })),
  );
  expect((await sendFrames(coordinator, long)).status).toBe(413);
  expect((await sendFrames(coordinator, frame, 'application/json')).status).toBe(415);
  expect(filesOf(coordinator)).toEqual([]);
});

test('blobs are for those with a credential', async () => {
  const coordinator = await startCoordinator();
  const bytes = Buffer.from('mine');
  const sha256 = hashOf(bytes);
  await upload(coordinator, sha256, bytes);
  expect((await download(coordinator, sha256, { authorization: '' })).status).toBe(401);
  const { port } = new URL(coordinator.url);
  const answer = await raw(Number(port), [
    `PUT ${address('b'.repeat(64))} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 1\r\n\r\nx`,
  ]);
  expect(answer).toMatch(/^HTTP\/1\.1 401/);
  expect(existsSync(path.join(coordinator.dataDir, 'blobs', 'bb'))).toBe(false);
});

test('an upload over the limit is refused by its announced length before it is read', async () => {
  const coordinator = await startCoordinator();
  const { port } = new URL(coordinator.url);
  const answer = await raw(Number(port), [
    `PUT ${address('b'.repeat(64))} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer ${coordinator.adminToken}\r\n`,
    `content-length: ${3 * 1024 ** 3}\r\n\r\nabc`,
  ]);
  expect(answer).toMatch(/^HTTP\/1\.1 413/);
  expect(answer).toContain('"code":"too_large"');
});

test('what one team or worker has brought counts as missing for others, until they bring it themselves; it is stored once', async () => {
  const coordinator = await startCoordinator();
  const tokenOf = async (name: string) => {
    await okJson(await coordinator.request('POST', '/api/v1/teams', { name }));
    const made = await coordinator.request('POST', '/api/v1/tokens', { kind: 'api', role: 'runner', team: name });
    return (await okJson<{ token: string }>(made)).token;
  };
  const north = await tokenOf('North');
  const south = await tokenOf('South');
  const { apiKey: mill } = await coordinator.enrol('mill');
  const { apiKey: farm } = await coordinator.enrol('farm');
  const bytes = Buffer.from('a file of the team North');
  const sha256 = hashOf(bytes);
  const isMissing = async (token: string) => {
    const as = { authorization: `Bearer ${token}` };
    const answer = await coordinator.request('POST', '/api/v1/blobs/missing', { hashes: [sha256] }, as);
    return (await okJson<{ missing: string[] }>(answer)).missing.length > 0;
  };
  const bring = async (token: string) => {
    const answer = await fetch(`${coordinator.url}/api/v1/blobs/${sha256}`, {
      method: 'PUT',
      body: bytes,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream' },
    });
    expect(answer.status).toBe(201);
  };
  const all = [north, south, mill, farm];
  const whoMisses = async () => Promise.all(all.map(isMissing));
  expect(await whoMisses()).toEqual([true, true, true, true]);
  await bring(north);
  expect(await whoMisses()).toEqual([false, true, true, true]);
  expect(await isMissing(coordinator.adminToken)).toBe(false);
  await bring(mill);
  expect(await whoMisses()).toEqual([false, true, false, true]);
  const frame = encodeFrame({ sha256, bytes });
  const batch = await fetch(`${coordinator.url}/api/v1/blobs/batch`, {
    method: 'POST',
    body: Buffer.from(frame),
    headers: { authorization: `Bearer ${south}`, 'content-type': FRAMES_TYPE },
  });
  expect(await okJson(batch)).toEqual({ refused: [] });
  expect(await whoMisses()).toEqual([false, false, false, true]);
  expect(filesOf(coordinator)).toEqual([path.join(sha256.slice(0, 2), sha256)]);
});
