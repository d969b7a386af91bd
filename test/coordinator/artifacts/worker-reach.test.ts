import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { decodeFrames } from '../../../shared/protocol/blobs.ts';
import { canonicalTree } from '../../../shared/protocol/tree.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';
import { heldOf, LinkWorker, passed } from '../../support/link-worker.ts';

async function store(c: TestCoordinator, text: string): Promise<string> {
  const sha256 = createHash('sha256').update(text).digest('hex');
  const headers = { authorization: `Bearer ${c.adminToken}`, 'content-type': 'application/octet-stream' };
  const answer = await fetch(`${c.url}/api/v1/blobs/${sha256}`, { method: 'PUT', body: text, headers });
  expect(answer.status).toBe(201);
  return sha256;
}

/** A tree of one file; both are stored. */
async function storeTree(c: TestCoordinator, text: string): Promise<{ tree: string; file: string }> {
  const file = await store(c, text);
  const tree = await store(c, canonicalTree([{ path: 'a.spec.ts', mode: 'file', sha256: file, size: text.length }]));
  return { tree, file };
}

async function startRun(c: TestCoordinator, tree: string): Promise<void> {
  const body = { name: 'r', total_shards: 1, source: { type: 'bundle', tree } };
  await okJson(await c.request('POST', '/api/v1/test-runs/create', body));
}

test('a worker reads the files of its leased tasks, while it holds them, and no others', async () => {
  const c = await startCoordinator();
  const [mine, other] = [await storeTree(c, 'my suite'), await storeTree(c, "another team's suite")];
  const { workerId, apiKey } = await c.enrol('mill');
  const worker = new LinkWorker(c.url, workerId, apiKey, {});
  const headers = { authorization: `Bearer ${apiKey}` };
  const statusOf = async (sha256: string) =>
    (await c.request('GET', `/api/v1/blobs/${sha256}`, undefined, headers)).status;
  const readable = async () => {
    const hashes = [mine.tree, mine.file, other.tree, other.file];
    const singly = await Promise.all(hashes.map(statusOf));
    const batch = await c.request('POST', '/api/v1/blobs/read', { hashes }, headers);
    const frames = [];
    for await (const frame of decodeFrames(batch.body!)) frames.push(frame.sha256);
    expect(frames).toEqual(hashes.filter((_, i) => singly[i] === 200));
    return singly;
  };
  expect(await readable()).toEqual([404, 404, 404, 404]);
  await worker.connect();
  await startRun(c, mine.tree);
  const grant = await worker.grant();
  expect(await readable()).toEqual([200, 200, 404, 404]);

  // To say that a test attached it does not open it.
  await worker.report({ kind: 'begin', ...heldOf(grant) });
  const results = passed(grant, ['t']);
  if (results.kind !== 'results') throw new Error('not results');
  const attachments = [{ name: 'x', contentType: 'text/plain', sha256: other.file, size: 1 }];
  await worker.report({ ...results, attempts: [{ ...results.attempts[0]!, attachments }] });
  expect(await readable()).toEqual([200, 200, 404, 404]);

  await worker.carryOut(grant);
  expect(await readable()).toEqual([404, 404, 404, 404]);
  expect((await c.request('GET', `/api/v1/blobs/${other.file}`)).status).toBe(200);
});
