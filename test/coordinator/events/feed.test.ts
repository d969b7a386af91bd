import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { EventFeed } from '../../../coordinator/events/feed.ts';
import type { Database, NewEvent } from '../../../coordinator/storage/database.ts';
import type { Clock } from '../../../shared/base/clock.ts';
import { eventId, fleetEvent } from '../../../shared/protocol/events.ts';
import { freshDatabase, stillClock } from '../storage/fresh.ts';
import { listen, serveFeed, type Listening } from './listen.ts';

const store = (database: Database, event: NewEvent): Promise<void> => database.write((w) => w.event(event));
const seqs = ({ messages }: Listening): number[] => messages.map(({ data }) => data.seq);
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

test('a listener gets headers and a comment at once, then each event as the protocol describes it', async () => {
  const database = await freshDatabase({ clock: stillClock(7) });
  await store(database, { type: 'before' });
  const { url } = await serveFeed(database);
  const listener = await listen(url);
  expect(listener.response.headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
  });
  await listener.until(() => listener.comments === 1);
  await store(database, { type: 'report.state', runId: 'r', data: { state: 'ready', message: 'two\nlines' } });
  await listener.until(() => listener.messages.length > 0);
  const { epoch } = database;
  expect(listener.messages).toEqual([
    {
      id: eventId(epoch, 2),
      data: {
        seq: 2,
        epoch,
        at: 7,
        type: 'report.state',
        run_id: 'r',
        worker_id: null,
        task_id: null,
        data: { state: 'ready', message: 'two\nlines' },
      },
    },
  ]);
  expect(fleetEvent.parse(listener.messages[0]!.data).type).toBe('report.state');
});

test('a listener resumes behind its last event, from the header or the query', async () => {
  const database = await freshDatabase();
  for (const n of range(1, 5)) await store(database, { type: 'e', data: { n } });
  const { url } = await serveFeed(database);
  const resumed = await listen(url, { 'last-event-id': eventId(database.epoch, 3) });
  const fromStart = await listen(`${url}?after=0`);
  await resumed.until(() => resumed.messages.length >= 2);
  await fromStart.until(() => fromStart.messages.length >= 5);
  await store(database, { type: 'e', data: { n: 6 } });
  await resumed.until(() => resumed.messages.length >= 3);
  await fromStart.until(() => fromStart.messages.length >= 6);
  expect(seqs(resumed)).toEqual([4, 5, 6]);
  expect(seqs(fromStart)).toEqual(range(1, 6));
});

test('an id of another epoch, or one that this database has not reached, means the beginning', async () => {
  const database = await freshDatabase();
  for (const n of range(1, 3)) await store(database, { type: 'e', data: { n } });
  const { url } = await serveFeed(database);
  for (const id of [eventId('another', 2), eventId(database.epoch, 4)]) {
    const listener = await listen(url, { 'last-event-id': id });
    await listener.until(() => listener.messages.length >= 3);
    expect(seqs(listener)).toEqual([1, 2, 3]);
  }
});

test('listeners that come and go under load see every event once and in order', async () => {
  const database = await freshDatabase();
  const { url } = await serveFeed(database);
  const total = 3000;
  let stored = 0;
  const writing = (async () => {
    while (stored < total) {
      const burst = Array.from({ length: Math.min(1 + (stored % 40), total - stored) }, async () =>
        store(database, { type: 'e', runId: `run${stored % 3}` }),
      );
      await Promise.all(burst);
      stored += burst.length;
      await setImmediate();
    }
  })();
  /** Follows to the end, leaving and resuming whenever `patience` messages have come. */
  const follow = async (patience: number): Promise<number[]> => {
    const seen: number[] = [];
    let last = '0';
    let reconnections = 0;
    while (seen.at(-1) !== total) {
      const listener = await listen(`${url}?after=0`, last === '0' ? {} : { 'last-event-id': last });
      await listener.until(() => listener.messages.length >= patience || listener.messages.at(-1)?.data.seq === total);
      listener.leave();
      await listener.ended;
      seen.push(...seqs(listener));
      last = listener.messages.at(-1)!.id!;
      reconnections += 1;
    }
    expect(reconnections).toBeGreaterThan(1);
    return seen;
  };
  const followers = await Promise.all([follow(7), follow(100), follow(600), follow(1100)]);
  await writing;
  for (const seen of followers) expect(seen).toEqual(range(1, total));
});

test('a listener that joins while a batch is collected gets what is new for it and nothing twice', async () => {
  const database = await freshDatabase();
  const batches = manualClock();
  const { url } = await serveFeed(database, batches);
  const early = await listen(url);
  await store(database, { type: 'e' });
  await store(database, { type: 'e' });
  const now = await listen(url);
  const replayed = await listen(`${url}?after=0`);
  await replayed.until(() => replayed.messages.length === 2);
  await store(database, { type: 'e' });
  batches.fire(100);
  for (const listener of [early, now, replayed]) await listener.until(() => listener.messages.at(-1)?.data.seq === 3);
  expect([seqs(early), seqs(now), seqs(replayed)]).toEqual([[1, 2, 3], [3], [1, 2, 3]]);
});

test('what is stored while a slow listener catches up is not lost, though its batch went out before', async () => {
  const database = await freshDatabase();
  const clock = manualClock();
  for (let i = 0; i < 40; i += 1) await store(database, { type: 'e', data: { text: 'x'.repeat(300_000) } });
  const { url, responses } = await serveFeed(database, clock);
  const listener = await listen(`${url}?after=0`);
  listener.response.pause();
  while (!responses[0]?.writableNeedDrain) await setImmediate();
  await store(database, { type: 'e' });
  clock.fire(100);
  listener.response.resume();
  await listener.until(() => listener.messages.length >= 41);
  await store(database, { type: 'e' });
  clock.fire(100);
  await listener.until(() => listener.messages.length >= 42);
  expect(seqs(listener)).toEqual(range(1, 42));
});

test('a listener of one run gets that run from its creation on, and workers of that time', async () => {
  const database = await freshDatabase();
  await store(database, { type: 'worker.enrolled', workerId: 'old' });
  await store(database, { type: 'run.created', runId: 'a' });
  await store(database, { type: 'run.created', runId: 'b' });
  await store(database, { type: 'worker.online', workerId: 'w' });
  await store(database, { type: 'worked.elsewhere' });
  await store(database, { type: 'worker.busy', runId: 'a', workerId: 'w' });
  await store(database, { type: 'task.granted', runId: 'b', workerId: 'w', taskId: 't' });
  const { url, feed } = await serveFeed(database);
  const replayed = await listen(`${url}?run_id=b&after=0`);
  await replayed.until(() => replayed.messages.length >= 3);
  const now = await listen(`${url}?run_id=b`);
  await store(database, { type: 'run.state', runId: 'a' });
  feed.live({ type: 'run.log', runId: 'a', data: { text: 'not for b' } });
  feed.live({ type: 'run.log', runId: 'b', workerId: 'w', data: { text: 'for b' } });
  await store(database, { type: 'worker.offline', workerId: 'w' });
  await store(database, { type: 'run.state', runId: 'b' });
  for (const listener of [replayed, now]) await listener.until(() => listener.messages.at(-1)?.data.seq === 10);
  const types = ({ messages }: Listening): string[] => messages.map(({ data }) => data.type);
  expect(types(now)).toEqual(['run.log', 'worker.offline', 'run.state']);
  expect(types(replayed)).toEqual(['run.created', 'worker.online', 'task.granted', ...types(now)]);
});

test('the pages of a run with a long history lose nothing at their edges', async () => {
  const database = await freshDatabase();
  await store(database, { type: 'run.created', runId: 'r' });
  const events = Array.from(
    { length: 2400 },
    (_, i): NewEvent =>
      [
        { type: 'results', runId: 'r' },
        { type: 'worker.online', workerId: 'w' },
        { type: 'run.state', runId: 'x' },
      ][i % 3]!,
  );
  await Promise.all(events.map((event) => store(database, event)));
  const { url } = await serveFeed(database);
  const listener = await listen(`${url}?run_id=r&after=0`);
  await listener.until(() => listener.messages.length >= 1601);
  expect(seqs(listener)).toEqual(range(1, 2401).filter((seq) => seq === 1 || (seq - 2) % 3 !== 2));
});

test('live events reach those who listen, carry no id and are not stored', async () => {
  const database = await freshDatabase();
  await store(database, { type: 'e' });
  const { url, feed } = await serveFeed(database);
  feed.live({ type: 'run.log', runId: 'r', data: { text: 'nobody listens' } });
  const listener = await listen(url);
  await listener.until(() => listener.comments > 0);
  feed.live({ type: 'run.log', runId: 'r', data: { text: 'hello' } });
  await store(database, { type: 'e' });
  await listener.until(() => listener.messages.length >= 2);
  expect(listener.messages.map(({ id, data }) => [id, data.seq, data.type])).toEqual([
    [null, 1, 'run.log'],
    [eventId(database.epoch, 2), 2, 'e'],
  ]);
  expect(await database.read((r) => r.all('SELECT type FROM events'))).toEqual([{ type: 'e' }, { type: 'e' }]);
});

test('everybody gets a comment every 15 s', async () => {
  const database = await freshDatabase();
  const clock = manualClock();
  const { url } = await serveFeed(database, clock);
  const listeners = [await listen(url), await listen(url)];
  for (const expected of [1, 2, 3]) {
    for (const listener of listeners) await listener.until(() => listener.comments === expected);
    clock.fire(15_000);
  }
});

test('a listener that does not read is dropped once more than 1 MB waits for it, and others go on', async () => {
  const database = await freshDatabase();
  const clock = manualClock();
  const { url, feed } = await serveFeed(database, clock);
  const good = await listen(url);
  const { port } = new URL(url);
  const slow = connect({ port: Number(port), host: '127.0.0.1' });
  onTestFinished(() => void slow.destroy());
  slow.on('error', () => undefined);
  slow.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(slow, 'readable');
  slow.pause();
  expect(feed.listeners).toBe(2);
  const text = 'x'.repeat(200_000);
  let sent = 0;
  while (feed.listeners === 2 && sent < 500) {
    feed.live({ type: 'run.log', runId: 'r', data: { text } });
    clock.fire(100);
    sent += 1;
    await good.until(() => good.messages.length === sent);
  }
  // What the operating system buffers, the megabyte, and one more.
  expect(sent).toBeGreaterThan(5);
  expect(sent).toBeLessThan(500);
  expect(feed.listeners).toBe(1);
  await store(database, { type: 'e' });
  clock.fire(100);
  await good.until(() => good.messages.at(-1)?.data.type === 'e');
});

test('a listener that leaves is forgotten, and closing the feed ends the others', async () => {
  const database = await freshDatabase();
  const { url, feed } = await serveFeed(database);
  const leaving = await listen(url);
  const staying = await listen(url);
  expect(feed.listeners).toBe(2);
  leaving.leave();
  await leaving.ended;
  while (feed.listeners === 2) await setImmediate();
  feed.close();
  await staying.ended;
});

test('a stream that cannot be read from the database ends instead of leaving a gap', async () => {
  const database = await freshDatabase();
  const feed = await EventFeed.open(database, stillClock());
  let failure: unknown;
  const server = createServer((_, response) => {
    feed.serve(response, { after: { epoch: null, seq: 0 } }).catch((error: unknown) => (failure = error));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  await database.close();
  const request = get({ port: (server.address() as AddressInfo).port, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'close');
  expect(failure).toHaveProperty('message', 'The database is closed.');
  feed.close();
});

/** A clock whose timers fire when the test says so. */
function manualClock(): Clock & { fire(ms: number): void } {
  let timers: { ms: number; fn: () => void }[] = [];
  return {
    now: () => 0,
    monotonic: () => 0,
    after(ms, fn) {
      const timer = { ms, fn };
      timers.push(timer);
      return () => (timers = timers.filter((other) => other !== timer));
    },
    fire(ms) {
      const due = timers.filter((timer) => timer.ms === ms);
      timers = timers.filter((timer) => timer.ms !== ms);
      for (const { fn } of due) fn();
    },
  };
}

test('a listener that is allowed no longer is told nothing more from the next ping on', async () => {
  const due: (() => void)[] = [];
  const clock: Clock = {
    ...stillClock(7),
    after: (_ms, fn) => {
      due.push(fn);
      return () => undefined;
    },
  };
  const database = await freshDatabase();
  const feed = await EventFeed.open(database, clock);
  const allowed = [true, true];
  const server = createServer((request, response) => {
    const which = Number(request.url?.slice(1));
    void feed.serve(response, { stillAllowed: () => Promise.resolve(allowed[which] === true) });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    feed.close();
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const first = await listen(`http://127.0.0.1:${port}/0`);
  const second = await listen(`http://127.0.0.1:${port}/1`);
  await second.until(() => second.comments === 1);
  allowed[0] = false;
  due.shift()?.();
  await first.ended;
  await second.until(() => second.comments === 2);
  expect(feed.listeners).toBe(1);
});
