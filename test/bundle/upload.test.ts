import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../shared/base/clock.ts';
import { parseTree } from '../../shared/protocol/tree.ts';
import { packTree, type PackedTree } from '../../src-main/bundle/pack.ts';
import { uploadTree } from '../../src-main/bundle/upload.ts';
import { createHttpBlobClient } from '../../src-main/transfer/http-blob-client.ts';
import type { BlobClient } from '../../src-main/transfer/blob-client.ts';
import type { UploadProgress } from '../../src-main/transfer/upload-blobs.ts';
import { startBlobServer, type BlobServer } from '../support/blob-server.ts';
import { gitEnv, tempFolder, writeFiles } from '../support/folders.ts';

const LARGE = 700_000;

async function start(): Promise<{
  server: BlobServer;
  client: BlobClient;
  folder: string;
  pack: () => Promise<PackedTree>;
}> {
  const server = await startBlobServer();
  onTestFinished(() => server.close());
  const client = createHttpBlobClient({ baseUrl: server.url, pin: null, headers: () => ({}), clock: systemClock });
  const folder = tempFolder();
  writeFiles(folder, {
    'a.spec.ts': 'a',
    'twin.ts': 'a',
    'own.ts': 'own',
    'empty.ts': '',
    'large.bin': Buffer.alloc(LARGE, 'x'),
    link: { link: 'a.spec.ts' },
  });
  return { server, client, folder, pack: () => packTree(folder, { env: gitEnv, clock: systemClock }) };
}

/** What the server would hand out for `file` of the tree. */
function stored(server: BlobServer, id: string, file: string): string {
  const { tree } = parseTree(server.blobs.get(id)!);
  const entry = tree!.files.find((candidate) => candidate.path === file)!;
  return server.blobs.get(entry.mode === 'link' ? '' : entry.sha256)!.toString();
}

test('the first upload sends each content once, the tree last, and tells how far it is', async () => {
  const { server, client, pack } = await start();
  const packed = await pack();
  const seen: UploadProgress[] = [];
  const uploaded = await uploadTree(packed, client, { onProgress: (progress) => seen.push(progress) });
  expect(uploaded).toMatchObject({ blobs: 5, bytes: 4 + LARGE + packed.manifest.length });
  expect(server.blobs.size).toBe(5);
  expect([...server.blobs.keys()].at(-1)).toBe(packed.id);
  expect(seen.at(-1)).toEqual({ blobs: 4, totalBlobs: 4, bytes: LARGE + 4, totalBytes: LARGE + 4 });
  expect(parseTree(server.blobs.get(packed.id)!).tree!.files).toHaveLength(6);
});

test('the second upload sends only what has changed', async () => {
  const { server, client, folder, pack } = await start();
  await uploadTree(await pack(), client);
  expect(await uploadTree(await pack(), client)).toMatchObject({ blobs: 0, bytes: 0 });
  writeFileSync(path.join(folder, 'own.ts'), 'changed');
  const packed = await pack();
  server.requests.length = 0;
  expect(await uploadTree(packed, client)).toMatchObject({
    blobs: 2,
    bytes: 'changed'.length + packed.manifest.length,
  });
  expect(server.requests.filter((request) => request.startsWith('PUT'))).toEqual([]);
});

test.each([
  ['own.ts', 'edited'],
  ['large.bin', 'now small'],
  ['large.bin', 'y'.repeat(LARGE)],
  ['large.bin', 'z'.repeat(LARGE + 1)],
  ['empty.ts', 'no longer empty'],
])('when %s changes between packing and upload, what arrives is what was read', async (file, content) => {
  const { server, client, folder, pack } = await start();
  const packed = await pack();
  writeFileSync(path.join(folder, file), content);
  const { tree } = await uploadTree(packed, client);
  expect(tree.id).not.toBe(packed.id);
  expect(tree.id).toBe((await pack()).id);
  expect(stored(server, tree.id, file)).toBe(content);
  expect(stored(server, tree.id, 'twin.ts')).toBe('a');
});

test('a file that is deleted between packing and upload is no part of the tree any more', async () => {
  const { client, folder, pack } = await start();
  const packed = await pack();
  rmSync(path.join(folder, 'large.bin'));
  const { tree } = await uploadTree(packed, client);
  expect(tree.files.map((file) => file.entry.path).sort()).toEqual([
    'a.spec.ts',
    'empty.ts',
    'link',
    'own.ts',
    'twin.ts',
  ]);
  expect(tree.id).toBe((await pack()).id);
});

test('a file that never keeps still is refused by name', async () => {
  const { server, client, folder, pack } = await start();
  const packed = await pack();
  server.misbehave = ({ path: asked }) => {
    if (asked === '/missing') appendFileSync(path.join(folder, 'large.bin'), 'more');
    return undefined;
  };
  await expect(uploadTree(packed, client)).rejects.toThrow(/keep changing .*\n {2}large.bin\n.*\.playfleetignore/);
  expect(server.blobs.has(packed.id)).toBe(false);
});
