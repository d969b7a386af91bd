import { expect, test } from 'vitest';
import type { Clock } from '../../shared/base/clock.ts';
import { systemClock } from '../../shared/base/clock.ts';
import { createApi } from '../../src-main/cli/api.ts';
import { followRun, type Followed } from '../../src-main/cli/run/follow.ts';
import { readSse, type SseMessage } from '../../src-main/cli/run/sse.ts';
import { CoordinatorDouble, problem, RUN_ID, settledTest } from './support/coordinator-double.ts';

/** Runs twenty times as fast as the world. */
const fast: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic() * 20,
  after: (ms, fn) => systemClock.after(ms / 20, fn),
};

function follow(double: CoordinatorDouble, options: { signal?: AbortSignal; reportMs?: number } = {}) {
  const api = createApi({ url: double.url, token: null, pin: null, clock: fast, random: () => 0.5 });
  const seen: Followed[] = [];
  const done = followRun(api, RUN_ID, {
    clock: fast,
    random: () => 0.5,
    signal: options.signal ?? new AbortController().signal,
    onChange: (followed) => void seen.push(followed),
    ...(options.reportMs === undefined ? {} : { reportMs: options.reportMs }),
  });
  return { done, seen };
}

test('a run is followed from its beginning to its report', async () => {
  const double = await CoordinatorDouble.start();
  double.begin(2);
  const { done } = follow(double);
  await double.followed();
  double.settle([settledTest('one'), settledTest('two', { outcome: 'unexpected' })]);
  double.end('failed');
  const { view, polled } = await done;
  expect(polled).toBeNull();
  expect(view).toMatchObject({
    state: 'completed',
    outcome: 'failed',
    counts: { expected: 1, unexpected: 1 },
    report: { state: 'ready' },
  });
});

test('a stream that breaks is resumed behind the last event, and nothing is counted twice', async () => {
  const double = await CoordinatorDouble.start();
  double.begin(6);
  const { done } = follow(double);
  for (let i = 0; i < 6; i++) {
    await double.followed();
    double.settle([settledTest(`test ${i}`)]);
    double.breakStreams();
  }
  double.end('passed');
  expect((await done).view.counts.expected).toBe(6);
});

test('without a stream the run itself is asked for, with the reason why', async () => {
  const double = await CoordinatorDouble.start();
  double.intercept = (request, response) => {
    if (!request.url?.startsWith('/api/v1/events/stream')) return false;
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>a proxy</html>');
    return true;
  };
  double.begin(3);
  double.settle([settledTest('one')]);
  const { done, seen } = follow(double);
  await double.requested(`GET /api/v1/test-runs/${RUN_ID}`);
  double.end('passed');
  const { polled } = await done;
  expect(polled).toMatchObject({ status: 'completed', outcome: 'passed' });
  expect(seen[0]?.trouble).toMatch(/does not let the event stream through/);
});

test('a stream that falls silent is noticed, and progress goes on meanwhile', async () => {
  const double = await CoordinatorDouble.start();
  let streams = 0;
  double.intercept = (request, response) => {
    if (!request.url?.startsWith('/api/v1/events/stream')) return false;
    streams += 1;
    if (streams > 1) return false;
    // As a proxy that buffers: the answer begins and nothing follows.
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    return true;
  };
  double.begin(1);
  double.settle([settledTest('one')]);
  const { done, seen } = follow(double);
  await double.requested(`GET /api/v1/test-runs/${RUN_ID}`);
  double.end('passed');
  await done;
  expect(seen.some((followed) => followed.polled !== null)).toBe(true);
});

test('a refusal ends the following, an error of the coordinator does not', async () => {
  const double = await CoordinatorDouble.start();
  let status = 500;
  double.intercept = (request, response) => {
    if (!request.url?.startsWith('/api/v1/events/stream')) return false;
    problem(response, status, 'x', status === 500 ? 'Something went wrong.' : 'Show a token.');
    status = 401;
    return true;
  };
  double.begin(1);
  await expect(follow(double).done).rejects.toThrow('Show a token.');
  expect(double.requests.filter((line) => line.includes('stream')).length).toBe(2);
});

test('a report that never comes is not waited for without end', async () => {
  const double = await CoordinatorDouble.start();
  double.begin(1);
  double.settle([settledTest('one')]);
  const { done } = follow(double, { reportMs: 2000 });
  await double.followed();
  double.state('completed', { outcome: 'passed' });
  expect((await done).view).toMatchObject({ state: 'completed', report: { state: 'none' } });
});

test('events that are not known are passed over, a known one of another shape leads to asking', async () => {
  const double = await CoordinatorDouble.start();
  double.begin(1);
  double.emit('run.reason', { reason: 12 as unknown as string });
  const { done, seen } = follow(double);
  await double.requested(`GET /api/v1/test-runs/${RUN_ID}`);
  double.end('passed');
  await done;
  expect(seen.some((followed) => followed.trouble?.includes('different versions'))).toBe(true);
});

test('an abort ends it with its reason', async () => {
  const double = await CoordinatorDouble.start();
  double.begin(1);
  const stop = new AbortController();
  const { done } = follow(double, { signal: stop.signal });
  await double.followed();
  stop.abort(new Error('interrupted'));
  await expect(done).rejects.toThrow('interrupted');
});

test('messages are cut from the stream wherever its chunks end', async () => {
  const text = ': hello\n\nid: 1.e\ndata: {"a":\ndata: 1}\n\ndata: ü\r\n\r\n\n';
  const bytes = Buffer.from(text);
  for (let size = 1; size < bytes.length; size++) {
    const messages: (SseMessage | null)[] = [];
    for await (const message of readSse(chunks(bytes, size))) if (message) messages.push(message);
    expect(messages).toEqual([
      { id: '1.e', data: '{"a":\n1}' },
      { id: null, data: 'ü' },
    ]);
  }
});

async function* chunks(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
