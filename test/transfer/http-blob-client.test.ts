import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock, type Clock } from '../../shared/base/clock.ts';
import { BlobChanged, type BlobClient, type BlobSource } from '../../src-main/transfer/blob-client.ts';
import { createHttpBlobClient, type HttpBlobClientOptions } from '../../src-main/transfer/http-blob-client.ts';
import { startBlobServer, type BlobServer, type Misbehaviour } from '../support/blob-server.ts';
import { tempFolder } from '../support/folders.ts';

const quick = { tries: 4, backoff: { baseMs: 1, maxMs: 2 }, longestWaitMs: 10 };
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const SMALL = Buffer.from('small');
const LARGE = randomBytes(900_000);

function sourceOf(bytes: Buffer): BlobSource {
  return {
    sha256: sha256(bytes),
    size: bytes.length,
    async *open() {
      for (let at = 0; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000);
    },
  };
}

async function start(
  options: Partial<HttpBlobClientOptions> = {},
): Promise<{ server: BlobServer; client: BlobClient }> {
  const server = await startBlobServer();
  onTestFinished(() => server.close());
  const client = createHttpBlobClient({
    baseUrl: `${server.url}/`,
    pin: null,
    headers: () => ({}),
    clock: systemClock,
    retry: quick,
    ...options,
  });
  return { server, client };
}

/** Misbehaves in the first `times` requests, then no more. */
function atFirst(server: BlobServer, bad: Misbehaviour, times = 2): void {
  let left = times;
  server.misbehave = () => (left-- > 0 ? bad : undefined);
}

/** Every way of moving bytes, each ending with a check that they are right. */
const transfers: [name: string, run: (client: BlobClient, server: BlobServer) => Promise<void>][] = [
  [
    'put',
    async (client, server) => {
      await client.put(sourceOf(LARGE));
      expect(server.blobs.get(sha256(LARGE))).toEqual(LARGE);
    },
  ],
  [
    'putBatch',
    async (client, server) => {
      await client.putBatch([SMALL, Buffer.alloc(0)].map((bytes) => ({ sha256: sha256(bytes), bytes })));
      expect(server.blobs.get(sha256(SMALL))).toEqual(SMALL);
      expect(server.blobs.get(sha256(Buffer.alloc(0)))).toEqual(Buffer.alloc(0));
    },
  ],
  [
    'download',
    async (client, server) => {
      server.blobs.set(sha256(LARGE), LARGE);
      const folder = tempFolder();
      await client.download({ sha256: sha256(LARGE), size: LARGE.length }, path.join(folder, 'file'));
      expect(readFileSync(path.join(folder, 'file')).equals(LARGE)).toBe(true);
      expect(readdirSync(folder)).toEqual(['file']);
    },
  ],
  [
    'read',
    async (client, server) => {
      server.blobs.set(sha256(LARGE), LARGE);
      expect(Buffer.from(await client.read(sha256(LARGE), LARGE.length)).equals(LARGE)).toBe(true);
    },
  ],
  [
    'readBatch',
    async (client, server) => {
      const blobs = Array.from({ length: 50 }, () => randomBytes(20_000));
      for (const bytes of blobs) server.blobs.set(sha256(bytes), bytes);
      const got: string[] = [];
      await client.readBatch(
        blobs.map((bytes) => ({ sha256: sha256(bytes), size: bytes.length })),
        async (blob) => {
          expect(sha256(blob.bytes)).toBe(blob.sha256);
          got.push(blob.sha256);
        },
      );
      // Each once, also when an answer broke off half-way and the rest was asked for again.
      expect(got.sort()).toEqual(blobs.map(sha256).sort());
    },
  ],
  [
    'missing',
    async (client, server) => {
      server.blobs.set(sha256(SMALL), SMALL);
      expect(await client.missing([sha256(SMALL), sha256(LARGE)])).toEqual(new Set([sha256(LARGE)]));
    },
  ],
];

describe.each(transfers)('%s', (name, run) => {
  test('works', async () => {
    const { client, server } = await start();
    await run(client, server);
  });

  test.each<[string, Misbehaviour]>([
    ['a connection that breaks at once', { kind: 'break', when: 'before' }],
    ['a connection that breaks in the middle', { kind: 'break', when: 'middle' }],
    ['a 500', { kind: 'status', status: 500 }],
    ['a 503', { kind: 'status', status: 503, headers: { 'retry-after': '0' } }],
    ['a 429', { kind: 'status', status: 429, headers: { 'retry-after': '1' } }],
  ])('survives %s', async (_, bad) => {
    const { client, server } = await start();
    atFirst(server, bad);
    await run(client, server);
    expect(server.requests.length).toBeGreaterThanOrEqual(3);
  });

  if (['download', 'read', 'readBatch'].includes(name)) {
    test('asks again for bytes that arrive damaged, and never hands them on', async () => {
      const { client, server } = await start();
      atFirst(server, { kind: 'damage' });
      await run(client, server);
      expect(server.requests).toHaveLength(3);
    });
  }

  test.each([401, 403, 404, 413])('does not repeat a %i', async (status) => {
    const { client, server } = await start();
    server.misbehave = () => ({ kind: 'status', status, body: JSON.stringify({ detail: 'said so' }) });
    await expect(run(client, server)).rejects.toMatchObject({
      status,
      message: expect.stringContaining('said so') as string,
    });
    expect(server.requests).toHaveLength(1);
  });

  test('says that the disk of the coordinator is full', async () => {
    const { client, server } = await start();
    server.misbehave = () => ({ kind: 'status', status: 507 });
    await expect(run(client, server)).rejects.toThrow(/disk is full; free space there/);
    expect(server.requests).toHaveLength(1);
  });

  test('gives up after some tries and says why', async () => {
    const { client, server } = await start();
    server.misbehave = () => ({ kind: 'status', status: 502, body: JSON.stringify({ title: 'Bad gateway' }) });
    await expect(run(client, server)).rejects.toThrow(
      /failed 4 times, the last time because the coordinator answered 502 \(Bad gateway\)/,
    );
    expect(server.requests).toHaveLength(4);
  });

  test('breaks off a transfer in which nothing moves', async () => {
    const { client, server } = await start({ stallMs: 50 });
    atFirst(server, { kind: 'hang' }, 1);
    await run(client, server);
    expect(server.requests.length).toBeGreaterThanOrEqual(2);
  });

  test('stops when it is told to', async () => {
    const { server, client } = await start();
    const stop = new AbortController();
    server.misbehave = () => {
      stop.abort(new Error('cancelled'));
      return { kind: 'hang' };
    };
    const stoppable: BlobClient = {
      missing: (hashes) => client.missing(hashes, stop.signal),
      put: (blob) => client.put(blob, stop.signal),
      putBatch: (blobs) => client.putBatch(blobs, stop.signal),
      download: (blob, file) => client.download(blob, file, stop.signal),
      read: (hash, max) => client.read(hash, max, stop.signal),
      readBatch: (blobs, accept) => client.readBatch(blobs, accept, stop.signal),
    };
    await expect(run(stoppable, server)).rejects.toThrow('cancelled');
  });
});

test('Retry-After is waited for', async () => {
  const waits: number[] = [];
  const clock: Clock = {
    ...systemClock,
    after(ms, fn) {
      // The longest timer is the watch for stalls.
      if (ms < 60_000) waits.push(ms);
      return systemClock.after(ms < 60_000 ? 0 : ms, fn);
    },
  };
  const { client, server } = await start({ clock, retry: { ...quick, longestWaitMs: 30_000 } });
  let left = 2;
  server.misbehave = () =>
    left-- > 0 ? { kind: 'status', status: 429, headers: { 'retry-after': left === 1 ? '7' : '9999' } } : undefined;
  await client.missing([]).then(() => client.missing([sha256(SMALL)]));
  expect(waits).toEqual([7000, 30_000]);
});

test('a source that no longer matches its hash is not stored, and not sent again', async () => {
  const { client, server } = await start();
  for (const bytes of [
    Buffer.from('changed'),
    Buffer.from('smalL'),
    Buffer.from('longer than it was'),
    Buffer.alloc(0),
  ]) {
    await expect(client.put({ ...sourceOf(bytes), sha256: sha256(SMALL), size: SMALL.length })).rejects.toBeInstanceOf(
      BlobChanged,
    );
  }
  expect(server.blobs.size).toBe(0);
  const broken = {
    ...sourceOf(SMALL),
    async *open(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(0);
      throw new Error('disk gone');
    },
  };
  await expect(client.put(broken)).rejects.toThrow('disk gone');
  expect(server.requests.length).toBeLessThanOrEqual(5);
});

test('damage on the way up is answered 422 and sent again; so are single items of a batch', async () => {
  const { client, server } = await start();
  atFirst(server, { kind: 'status', status: 422 }, 1);
  await client.put(sourceOf(SMALL));
  expect(server.blobs.size).toBe(1);
  atFirst(
    server,
    { kind: 'status', status: 200, body: JSON.stringify({ refused: [{ sha256: sha256(LARGE), reason: 'damaged' }] }) },
    1,
  );
  await client.putBatch([{ sha256: sha256(SMALL), bytes: SMALL }]);
  expect(server.requests.filter((request) => request === 'POST /batch')).toHaveLength(2);
});

test('blobs that the store no longer has are named, without asking again and again', async () => {
  const { client, server } = await start();
  server.blobs.set(sha256(SMALL), SMALL);
  const wanted = [SMALL, LARGE].map((bytes) => ({ sha256: sha256(bytes), size: bytes.length }));
  await expect(client.readBatch(wanted, async () => undefined)).rejects.toThrow(
    /no longer has 1 of the files .*start the run again/,
  );
  expect(server.requests).toHaveLength(1);
});

test('a blob larger than it may be is not read to its end', async () => {
  const { client, server } = await start();
  server.blobs.set(sha256(LARGE), LARGE);
  await expect(client.read(sha256(LARGE), 1000)).rejects.toThrow(/larger than 1000 bytes/);
  await expect(client.download({ sha256: sha256(LARGE), size: 10 }, path.join(tempFolder(), 'x'))).rejects.toThrow(
    /arrived damaged/,
  );
});

test('more than 10,000 hashes are asked for in parts, and credentials are taken fresh for each request', async () => {
  let keys = 0;
  const { client, server } = await start({ headers: () => ({ 'x-api-key': String(++keys) }) });
  const hashes = Array.from({ length: 25_000 }, (_, index) => sha256(Buffer.from(String(index))));
  expect((await client.missing(hashes)).size).toBe(25_000);
  expect(server.requests).toEqual(['POST /missing', 'POST /missing', 'POST /missing']);
  expect(keys).toBe(3);
});
