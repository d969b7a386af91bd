import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BlobStore } from '../../../coordinator/artifacts/blob-store.ts';
import { CentralRefused, connectCentral, type Central } from '../../../coordinator/merge/central.ts';
import { Upload, type UploadProgress } from '../../../coordinator/merge/upload.ts';
import { hashEntry } from '../../../coordinator/merge/rules/union.ts';
import { JOURNAL_VERSION, MAX_JOURNAL_ENTRIES, type JournalEntry } from '../../../shared/protocol/offline/journal.ts';
import { startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';
import { tempFolder } from '../../support/folders.ts';
import { hastyClock, SCHEMA, Side } from '../../support/merging.ts';

let coordinator: TestCoordinator;
let laptop: Side;
let store: BlobStore;
let secret: string;
const heard: UploadProgress[] = [];

beforeEach(async () => {
  coordinator = await startCoordinator();
  const away = await Side.central();
  laptop = await Side.promoted(away, 'laptop', 0.3);
  await away.close();
  store = await BlobStore.open(tempFolder(), laptop.db, hastyClock);
  secret = await credential('laptop');
  heard.length = 0;
});
afterEach(() => laptop.close());

async function credential(name: string): Promise<string> {
  const made = await coordinator.request('POST', '/api/v1/sync-credentials', { name });
  expect(made.status).toBe(201);
  return ((await made.json()) as { secret: string }).secret;
}

/** A machine that runs many tests at once is overloaded now and then: a coordinator refuses then what can wait. */
function centralOf(token = secret): Central {
  const central = connectCentral({ url: coordinator.url, token, pin: coordinator.pin });
  const patient = async <T>(call: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof CentralRefused && error.code === 'overloaded')) throw error;
      }
    }
  };
  return wrap(central, patient);
}

function wrap(central: Central, around: <T>(call: () => Promise<T>) => Promise<T>): Central {
  return {
    announce: (...args) => around(() => central.announce(...args)),
    send: (...args) => around(() => central.send(...args)),
    verify: (...args) => around(() => central.verify(...args)),
    missing: (...args) => around(() => central.missing(...args)),
    putBlob: (...args) => around(() => central.putBlob(...args)),
  };
}

const uploadOf = (central: Central): Upload =>
  new Upload({
    db: laptop.db,
    store,
    clock: hastyClock,
    central,
    schema: SCHEMA,
    random: () => 0,
    onChange: (progress) => heard.push(progress),
  });

async function attach(runId: string, bytes: Uint8Array): Promise<string> {
  const { sha256 } = await store.addBytes(bytes);
  await laptop.db.write((w) =>
    w.run(
      `INSERT INTO artifacts (run_id, task_id, fence, test_id, kind, name, content_type, sha256, size)
       SELECT run_id, task_id, fence, test_id, 'attachment', 'trace', 'application/zip', ?, ? FROM test_attempts WHERE run_id = ? LIMIT 1`,
      [sha256, bytes.length, runId],
    ),
  );
  return sha256;
}

const read = async <T>(path: string): Promise<T> => (await (await coordinator.request('GET', path)).json()) as T;

test('a promoted coordinator brings its runs and their files home, and says so when both sides have the same', async () => {
  const runId = await laptop.run(6, 1);
  const sha256 = await attach(runId, new TextEncoder().encode('a trace'));
  expect(await uploadOf(centralOf()).bringOnce()).toBe(true);
  const last = heard.at(-1)!;
  expect(last).toMatchObject({ state: 'verified', runsLeft: 0, blobs: { total: 1, sent: 1 } });
  expect(last.sent).toBe(last.total);
  const run = await read<{ number: number; status: string; tests: object }>(`/api/v1/test-runs/${runId}`);
  expect(run).toMatchObject({ status: 'completed', tests: { expected: 5, unexpected: 1 } });
  const file = await coordinator.request('GET', `/api/v1/blobs/${sha256}`);
  expect(
    createHash('sha256')
      .update(Buffer.from(await file.arrayBuffer()))
      .digest('hex'),
  ).toBe(sha256);
  const { items } = await read<{
    items: { name: string; own: boolean; runs: number; verified_at: string | null; tag: string }[];
  }>('/api/v1/origins');
  expect(items.find(({ own }) => !own)).toMatchObject({
    name: 'laptop',
    runs: 1,
    verified_at: expect.any(String) as unknown,
  });
  const tag = items.find(({ own }) => !own)!.tag;
  expect(await read(`/api/v1/test-runs/${tag}-1`)).toMatchObject({ id: runId });
  const runs = await read<{ items: { id: string }[] }>('/api/v1/test-runs');
  expect(runs.items.map(({ id }) => id)).toEqual([runId]);
});

test('an upload that is cut off anywhere goes on where it was, and nothing comes twice', async () => {
  await laptop.run(8, 2);
  await laptop.run(3);
  const real = centralOf();
  let cutAt = 0;
  for (let tries = 0; tries < 200; tries++) {
    let calls = 0;
    // Before it is sent, or when its answer is on the way: both look the same from here.
    const cut = async <T>(call: () => Promise<T>): Promise<T> => {
      if (calls++ === cutAt) throw new Error('cut off before');
      const answer = await call();
      if (calls++ === cutAt) throw new Error('cut off behind');
      return answer;
    };
    const done = await uploadOf(wrap(real, cut))
      .bringOnce()
      .catch((error: Error) => {
        expect(error.message).toContain('cut off');
        return false;
      });
    if (done) break;
    cutAt++;
  }
  expect(cutAt).toBeGreaterThan(4);
  expect(heard.at(-1)!.state).toBe('verified');
  const totals = await Promise.all(
    (await read<{ items: { id: string }[] }>('/api/v1/test-runs')).items.map(({ id }) =>
      read<{ tests: { settled: number } }>(`/api/v1/test-runs/${id}`),
    ),
  );
  expect(totals.map(({ tests }) => tests.settled).sort()).toEqual([3, 8]);
});

test('what was done since is brought, too, and a run that goes on is waited for', async () => {
  await laptop.run(2);
  const upload = uploadOf(centralOf());
  expect(await upload.bringOnce()).toBe(true);
  const open = await laptop.world.createRun();
  expect(await upload.bringOnce()).toBe(false);
  expect(upload.progress).toMatchObject({ state: 'waiting', runsLeft: 1 });
  await laptop.world.cancel(open);
  await laptop.reported(open);
  expect(await upload.bringOnce()).toBe(true);
  expect(await read(`/api/v1/test-runs/${open}`)).toMatchObject({ status: 'cancelled' });
});

test('a run that ends while others are brought is not taken for brought', async () => {
  await laptop.run(2);
  const open = await laptop.world.createRun();
  const real = centralOf();
  let isOver = false;
  const upload = uploadOf({
    ...real,
    async send(origin, entries) {
      if (!isOver) {
        isOver = true;
        await laptop.world.cancel(open);
        await laptop.reported(open);
      }
      return real.send(origin, entries);
    },
  });
  expect(await upload.bringOnce()).toBe(false);
  expect(upload.progress).toMatchObject({ state: 'waiting', runsLeft: 1 });
  expect(await upload.bringOnce()).toBe(true);
  expect(await read(`/api/v1/test-runs/${open}`)).toMatchObject({ status: 'cancelled' });
});

test('central lost what it had acknowledged: it is brought again', async () => {
  const runId = await laptop.run(4);
  expect(await uploadOf(centralOf()).bringOnce()).toBe(true);
  await coordinator.stop();
  // As restored from a backup that knows nothing of it.
  coordinator = await startCoordinator();
  secret = await credential('laptop');
  expect(await uploadOf(centralOf()).bringOnce()).toBe(true);
  expect(await read(`/api/v1/test-runs/${runId}`)).toMatchObject({ tests: { settled: 4 } });
});

async function entriesOf(side: Side): Promise<{ origin: string; entries: JournalEntry[] }> {
  return { origin: (await side.origin()).id, entries: (await side.batches()).flat() };
}

const batch = (entries: JournalEntry[], schema = SCHEMA) => ({ version: JOURNAL_VERSION, schema, entries }) as const;

async function refusal(call: Promise<unknown>): Promise<{ status: number; code: string; message: string }> {
  const error = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(CentralRefused);
  const { status, code, message } = error as CentralRefused;
  return { status, code, message };
}

test('what is damaged, foreign, too much or of another version is refused with the reason, and nothing of it is stored', async () => {
  await laptop.run(2);
  const { origin, entries } = await entriesOf(laptop);
  const central = centralOf();
  expect(await refusal(central.send(origin, batch(entries)))).toMatchObject({ status: 404 });
  const { name, slot, promotedAt } = await laptop.origin();
  const announce = { version: JOURNAL_VERSION, schema: SCHEMA, name, slot, promoted_at: promotedAt ?? 0 } as const;
  expect(await refusal(central.announce(origin, { ...announce, schema: SCHEMA + 1 }))).toMatchObject({
    status: 409,
    code: 'newer_journal',
  });
  await central.announce(origin, announce);
  const test = entries.find(({ kind }) => kind === 'test')!;
  const changed = { ...test, row: { ...test.row, outcome: 'flaky' } };
  expect(await refusal(central.send(origin, batch([...entries.slice(0, 3), changed])))).toMatchObject({
    status: 422,
    code: 'damaged_entry',
  });
  expect(await refusal(central.send(origin, batch(entries, SCHEMA + 1)))).toMatchObject({
    status: 409,
    code: 'newer_journal',
  });
  const many = Array.from({ length: MAX_JOURNAL_ENTRIES + 1 }, () => test);
  expect(await refusal(central.send(origin, batch(many)))).toMatchObject({ status: 422 });
  const huge = { ...test, row: { ...test.row, note: 'x'.repeat(25 * 1024 * 1024) } };
  expect(await refusal(central.send(origin, batch([huge])))).toMatchObject({ status: 413 });
  const run = entries.find(({ kind }) => kind === 'run')!;
  const own = (await (
    await coordinator.request('POST', '/api/v1/test-runs/create', { name: 'own', project: 'shop', total_shards: 1 })
  ).json()) as { test_run_id: string };
  expect(own.test_run_id, JSON.stringify(own)).toBeTypeOf('string');
  const signed = (entry: JournalEntry): JournalEntry => ({ ...entry, hash: hashEntry(origin, entry) });
  const stolen = signed({
    ...test,
    run: own.test_run_id,
    row: { ...test.row, run_id: own.test_run_id },
    id: JSON.stringify([own.test_run_id, test.row.test_id]),
  });
  expect(await refusal(central.send(origin, batch([stolen])))).toMatchObject({ status: 403, code: 'foreign_entry' });
  const numbered = signed({ ...run, row: { ...run.row, number: 1 } });
  expect(await refusal(central.send(origin, batch([numbered])))).toMatchObject({ status: 403, code: 'foreign_entry' });
  const odd = signed({ ...test, row: { ...test.row, secret: 'x' } });
  expect(await refusal(central.send(origin, batch([odd])))).toMatchObject({ status: 422, code: 'unknown_column' });
  expect(
    (await read<{ items: { own: boolean; entries: number; waiting: number }[] }>('/api/v1/origins')).items.find(
      ({ own }) => !own,
    ),
  ).toMatchObject({ entries: 0, waiting: 0 });
});

test('a sync credential brings its own origin and opens nothing else', async () => {
  await laptop.run(1);
  const { origin, entries } = await entriesOf(laptop);
  const { name, slot, promotedAt } = await laptop.origin();
  const announce = { version: JOURNAL_VERSION, schema: SCHEMA, name, slot, promoted_at: promotedAt ?? 0 } as const;
  await centralOf().announce(origin, announce);
  const other = centralOf(await credential('other'));
  expect(await refusal(other.announce(origin, announce))).toMatchObject({ status: 403, code: 'foreign_origin' });
  expect(await refusal(other.send(origin, batch(entries)))).toMatchObject({ status: 403, code: 'foreign_origin' });
  for (const path of ['/api/v1/test-runs', '/api/v1/settings', '/api/v1/merge-conflicts', '/api/v1/sync-credentials']) {
    const answer = await fetch(coordinator.url + path, { headers: { authorization: `Bearer ${secret}` } });
    expect(answer.status, path).toBe(403);
  }
  expect(await refusal(centralOf('pfy_' + 'x'.repeat(43)).announce(origin, announce))).toMatchObject({ status: 401 });
  const { items } = await read<{ items: { id: string; name: string }[] }>('/api/v1/sync-credentials');
  const mine = items.find((one) => one.name === 'laptop')!;
  expect((await coordinator.request('DELETE', `/api/v1/sync-credentials/${mine.id}`)).status).toBe(200);
  expect(await refusal(centralOf().send(origin, batch(entries)))).toMatchObject({ status: 401 });
});

test('what did not prevail is listed, and an admin lets it count or keeps what is there', async () => {
  await laptop.change({ poison_test_limit: 7, task_max_retries: 4 }, 'bea', 5);
  expect(await uploadOf(centralOf()).bringOnce()).toBe(true);
  const { items } = await read<{
    items: { id: string; key: string; ours: unknown; theirs: unknown; theirs_by: string; why: string }[];
  }>('/api/v1/merge-conflicts');
  expect(
    items
      .map(({ key, ours, theirs, theirs_by, why }) => ({ key, ours, theirs, theirs_by, why }))
      .sort((a, b) => (a.key < b.key ? -1 : 1)),
  ).toEqual([
    { key: 'poison_test_limit', ours: null, theirs: 7, theirs_by: 'bea', why: 'needs the consent of an admin' },
    { key: 'task_max_retries', ours: null, theirs: 4, theirs_by: 'bea', why: 'needs the consent of an admin' },
  ]);
  const [first, second] = [items[0]!, items[1]!];
  expect(
    (await coordinator.request('POST', `/api/v1/merge-conflicts/${first.id}/resolve`, { take: 'theirs' })).status,
  ).toBe(200);
  expect(
    (await coordinator.request('POST', `/api/v1/merge-conflicts/${second.id}/resolve`, { take: 'ours' })).status,
  ).toBe(200);
  const settings = await read<{ items: { key: string; value: unknown; is_set: boolean }[] }>('/api/v1/settings');
  const set = settings.items
    .filter(({ key }) => key === first.key || key === second.key)
    .map(({ key, is_set }) => [key, is_set]);
  expect(Object.fromEntries(set)).toEqual({ [first.key]: true, [second.key]: false });
  expect((await read<{ items: unknown[] }>('/api/v1/merge-conflicts')).items).toEqual([]);
  expect((await read<{ items: unknown[] }>('/api/v1/merge-conflicts?state=resolved')).items).toHaveLength(2);
  // Brought again, what was decided stays decided.
  await uploadOf(centralOf()).bringOnce();
  expect((await read<{ items: unknown[] }>('/api/v1/merge-conflicts')).items).toEqual([]);
});

test('the next batch is made ready while one is under way, each is sent once, and one after the other', async () => {
  await laptop.run(120);
  const real = centralOf();
  const sent: string[] = [];
  let underWay = 0;
  const counted: Central = {
    ...real,
    async send(origin, batch) {
      expect(++underWay).toBe(1);
      sent.push(...batch.entries.map(({ kind, id }) => `${kind} ${id}`));
      const ack = await real.send(origin, batch);
      underWay -= 1;
      return ack;
    },
  };
  expect(await uploadOf(counted).bringOnce()).toBe(true);
  expect(sent.length).toBeGreaterThan(300);
  expect(new Set(sent).size).toBe(sent.length);
  expect(sent).toHaveLength(heard.at(-1)!.total);
});

test('a batch that is refused is brought again with all that is behind it', async () => {
  await laptop.run(120);
  const real = centralOf();
  let sends = 0;
  const broken: Central = {
    ...real,
    send: (origin, batch) => (++sends === 2 ? Promise.reject(new Error('the line broke')) : real.send(origin, batch)),
  };
  const upload = uploadOf(broken);
  await expect(upload.bringOnce()).rejects.toThrow('the line broke');
  expect(sends).toBe(2);
  expect(await upload.bringOnce()).toBe(true);
  expect(heard.at(-1)).toMatchObject({ state: 'verified' });
});
