import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { systemClock, type Clock } from '../../../shared/base/clock.ts';
import type { AgentMessage, Report } from '../../../shared/protocol/link.ts';
import type { Grant } from '../../../shared/protocol/work.ts';
import type { RunEnd } from '../../../src-main/agent/playwright/run-process.ts';
import { Attempt } from '../../../src-main/agent/slots/attempt.ts';
import type { JobEnd, JobOptions } from '../../../src-main/agent/slots/jobs.ts';
import { Pool } from '../../../src-main/agent/slots/pool.ts';
import { WorkspaceError } from '../../../src-main/agent/workspace/errors.ts';
import { tempFolder } from '../../support/folders.ts';
import { captureLog } from '../support.ts';
import { agentsUser } from '../../../src-main/agent/test-user.ts';

const RUN_END: RunEnd = {
  exitCode: 0,
  signal: null,
  wallMs: 1,
  swept: 0,
  left: [],
  peakMemoryBytes: null,
  meanCpuPercent: null,
  ended: { type: 'end', status: 'passed', notRun: [], notRunReason: null },
  blobFile: null,
  stopReason: null,
};

/** One grant's work, moved on by the test. */
interface Work {
  grant: Grant;
  prepared: () => void;
  prepareFails: (error: Error) => void;
  options: JobOptions | null;
  /** Ends the process. */
  end: (end?: Partial<RunEnd>) => void;
  stops: { reason: string; hard: boolean }[];
  revokes: string[][];
  released: number;
  signal: AbortSignal;
}

function rig({ slots = 2, clock = systemClock }: { slots?: number; clock?: Clock } = {}) {
  const reports: Report[] = [];
  const sent: AgentMessage[] = [];
  const works: Work[] = [];
  const state = { whyNot: null as string | null, changes: 0, slots };
  const folder = tempFolder();
  const { log } = captureLog();
  const report = async (each: Report) => reports.push(each);
  const pool: Pool = new Pool({
    slots: () => state.slots,
    clock,
    log,
    report,
    whyNot: () => state.whyNot,
    onChange: () => state.changes++,
    onRunning: () => undefined,
    create: (grant, events) =>
      new Attempt({
        grant,
        user: agentsUser,
        clock,
        log,
        report,
        workDir: path.join(folder, String(grant.fence)),
        send: (message) => sent.push(message) > 0,
        logMs: () => 200,
        attach: async (attempt) => ({ ...attempt, attachments: [] }),
        keepBlob: async () => null,
        preparation: (_, { signal, workDir }) => {
          mkdirSync(workDir);
          const work: Work = {
            grant,
            options: null,
            stops: [],
            revokes: [],
            released: 0,
            signal,
            prepared: () => {},
            prepareFails: () => {},
            end: () => {},
          };
          works.push(work);
          return new Promise((resolve, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason as Error));
            work.prepareFails = reject;
            work.prepared = () =>
              resolve({
                release: async () => void work.released++,
                start: async (options) => {
                  work.options = options;
                  const done = new Promise<JobEnd>((ended) => {
                    work.end = (end = {}) => ended({ kind: 'run', end: { ...RUN_END, ...end } });
                  });
                  return {
                    done,
                    revoke: (ids) => void work.revokes.push(ids),
                    stop: async (reason, hard) => void work.stops.push({ reason, hard }),
                  };
                },
              });
          });
        },
        ...events,
      }),
  });
  let fence = 0;
  const grant = (more: Partial<Grant> = {}): Grant => {
    const whole: Grant = {
      taskId: `task-${fence + 1}`,
      runId: 'r',
      runName: 'run',
      attempt: 1,
      fence: ++fence,
      leaseMs: 60_000,
      timeoutMs: 60_000,
      slots: 1,
      source: null,
      config: { args: [], env: {} },
      work: { kind: 'units', testIds: ['a'] },
      ...more,
    };
    pool.grant(whole);
    return whole;
  };
  const kinds = () => reports.map((each) => (each.kind === 'finish' ? `finish:${each.end.how}` : each.kind));
  const started = async (index: number) => {
    works[index]?.prepared();
    await vi.waitFor(() => expect(works[index]?.options).not.toBeNull());
    await Promise.resolve();
  };
  onTestFinished(() => {
    for (const work of works) work.end();
  });
  return { pool, works, reports, sent, kinds, grant, started, state };
}

const emptied = async (pool: Pool) => vi.waitFor(() => expect(pool.size).toBe(0));

test('a grant takes a slot until its process is gone, is held until its last word is said, and frees all it had', async () => {
  const { pool, works, kinds, grant, started } = rig();
  grant();
  expect(pool.free).toBe(1);
  expect(pool.held()).toEqual([{ taskId: 'task-1', attempt: 1, fence: 1 }]);
  await started(0);
  works[0]?.end();
  await emptied(pool);
  expect(pool.free).toBe(2);
  expect(kinds()).toEqual(['begin', 'finish:finished']);
  expect(works[0]?.released).toBe(1);
});

test('the same grant twice is carried out once, also after it has ended', async () => {
  const { pool, works, grant, started, kinds } = rig();
  const first = grant();
  pool.grant(first);
  expect(works).toHaveLength(1);
  await started(0);
  works[0]?.end();
  await emptied(pool);
  pool.grant(first);
  expect(works).toHaveLength(1);
  expect(kinds()).toEqual(['begin', 'finish:finished']);
});

test('cancelled while it is prepared, a grant never starts', async () => {
  const { pool, works, grant, kinds, reports } = rig();
  const { taskId, attempt, fence } = grant();
  pool.cancel({ taskId, attempt, fence }, 'the run was cancelled by ann');
  works[0]?.prepared();
  await emptied(pool);
  expect(works[0]?.options).toBeNull();
  expect(works[0]?.signal.aborted).toBe(true);
  expect(kinds()).toEqual(['finish:cancelled']);
  expect(reports[0]).toMatchObject({ end: { message: 'the run was cancelled by ann' } });
});

test('cancelled while it runs, a grant is stopped hard and says so; cancelled after its end, nothing happens', async () => {
  const { pool, works, grant, started, kinds } = rig();
  const held = grant();
  await started(0);
  pool.cancel(held, 'no longer wanted');
  expect(works[0]?.stops).toEqual([{ reason: 'no longer wanted', hard: true }]);
  expect(pool.free).toBe(1);
  works[0]?.end({ stopReason: 'no longer wanted' });
  await emptied(pool);
  pool.cancel(held, 'again');
  expect(kinds()).toEqual(['begin', 'finish:cancelled']);
});

test('a grant that is no longer ours is stopped and says nothing more', async () => {
  const { pool, works, grant, started, kinds } = rig();
  const held = grant();
  await started(0);
  pool.stale(held);
  works[0]?.options?.onMessage({ type: 'settled', tests: [{ testId: 'a', outcome: 'expected', attempts: 1 }] });
  expect(works[0]?.stops[0]?.hard).toBe(true);
  works[0]?.end();
  await emptied(pool);
  expect(kinds()).toEqual(['begin']);
});

test('a newer grant of a task ends the older one', async () => {
  const { pool, works, grant, started } = rig();
  grant({ taskId: 'same' });
  await started(0);
  grant({ taskId: 'same', attempt: 2 });
  expect(works[0]?.stops).toHaveLength(1);
  expect(works).toHaveLength(2);
  expect(pool.held().map(({ fence }) => fence)).toEqual([1, 2]);
});

test('a grant may take several slots, and one that finds no room or comes to a stopping machine is given back', async () => {
  const { pool, works, grant, reports, state } = rig({ slots: 3 });
  grant({ slots: 2 });
  expect(pool.free).toBe(1);
  grant({ slots: 2 });
  expect(works).toHaveLength(1);
  state.whyNot = 'the worker is stopping';
  expect(pool.free).toBe(0);
  grant();
  await vi.waitFor(() => expect(reports).toHaveLength(2));
  expect(reports).toMatchObject([
    { kind: 'release', fence: 2, reason: 'only 1 of its slots are free' },
    { kind: 'release', fence: 3, reason: 'the worker is stopping' },
  ]);
});

test('what outlives its lease is stopped and given back; a renewal prevents it', async () => {
  let now = 0;
  const clock: Clock = { ...systemClock, monotonic: () => now };
  const { pool, works, grant, started, kinds, reports } = rig({ clock });
  const held = grant({ leaseMs: 10_000 });
  await started(0);
  now = 9000;
  pool.checkLeases();
  pool.renewed([held], 8000);
  now = 18_000;
  pool.checkLeases();
  expect(works[0]?.stops).toEqual([]);
  now = 18_001;
  pool.checkLeases();
  expect(works[0]?.stops).toMatchObject([{ hard: true }]);
  works[0]?.end();
  await emptied(pool);
  expect(kinds()).toEqual(['begin', 'release']);
  expect(reports[1]).toMatchObject({ reason: expect.stringContaining('longer than the lease of 10 s') as string });
});

test('preparing and running each end at the time-out', async () => {
  const { pool, works, grant, started, kinds, reports } = rig();
  grant({ timeoutMs: 50 });
  await emptied(pool);
  expect(reports[0]).toMatchObject({
    end: { how: 'timeout', message: 'preparing the suite took longer than the time-out of 0.05 s' },
  });
  grant({ timeoutMs: 300 });
  await started(1);
  await vi.waitFor(() => expect(works[1]?.stops).toHaveLength(1));
  expect(works[1]?.stops[0]).toEqual({ reason: 'the task took longer than the time-out of 0.3 s', hard: false });
  works[1]?.end();
  await emptied(pool);
  expect(kinds()).toEqual(['finish:timeout', 'begin', 'finish:timeout']);
});

test('given back, running work is interrupted softly, and what it still says arrives before the word', async () => {
  const { pool, works, grant, started, reports } = rig();
  grant();
  await started(0);
  pool.giveBackAll('the machine goes to sleep');
  expect(works[0]?.stops).toEqual([{ reason: 'the machine goes to sleep', hard: false }]);
  works[0]?.options?.onMessage({ type: 'settled', tests: [{ testId: 'a', outcome: 'expected', attempts: 1 }] });
  works[0]?.end();
  await emptied(pool);
  expect(reports.map(({ kind }) => kind)).toEqual(['begin', 'results', 'release']);
});

test('what cannot be prepared says why and whether another machine could', async () => {
  const { pool, works, grant, reports } = rig({ slots: 3 });
  grant();
  works[0]?.prepareFails(new WorkspaceError('bad-source', 'there is no such commit', { permanent: true }));
  grant();
  works[1]?.prepareFails(new WorkspaceError('disk-full', 'the disk is full'));
  grant();
  works[2]?.prepareFails(new TypeError('a bug of ours'));
  await emptied(pool);
  const ends = reports.map((each) => (each.kind === 'finish' ? each.end : null));
  expect(ends).toMatchObject([
    { how: 'prepare_failed', message: 'there is no such commit', permanent: true, stack: null },
    { how: 'prepare_failed', message: 'the disk is full', permanent: false, stack: null },
    {
      how: 'prepare_failed',
      message: 'a bug of ours',
      permanent: false,
      stack: expect.stringContaining('TypeError') as string,
    },
  ]);
});

test('that a test runs is told at once, and what changes soon after in one message', async () => {
  const timers: (() => void)[] = [];
  let at = 0;
  const clock = {
    ...systemClock,
    monotonic: () => at,
    after: (ms: number, fn: () => void) => (ms <= 250 && timers.push(fn), () => {}),
  };
  const { works, grant, started, sent } = rig({ clock });
  grant();
  await started(0);
  const say = works[0]?.options?.onMessage ?? (() => undefined);
  const told = () =>
    sent.flatMap((each) => (each.type === 'progress' ? [each.running.map(({ testId }) => testId)] : []));
  at = 1_000;
  say({ type: 'testBegin', testId: 'a', retry: 0 });
  await vi.waitFor(() => expect(told()).toEqual([['a']]));
  say({ type: 'testBegin', testId: 'b', retry: 0 });
  say({ type: 'testBegin', testId: 'c', retry: 0 });
  await vi.waitFor(() => expect(timers.length).toBeGreaterThan(0));
  expect(told()).toHaveLength(1);
  at = 1_250;
  for (const fn of timers.splice(0)) fn();
  await vi.waitFor(() => expect(told().at(-1)).toEqual(['a', 'b', 'c']));
});

test('results arrive in order and in batches, bad items are left out, and a monstrous attempt is cut', async () => {
  const { pool, works, grant, started, reports } = rig();
  grant();
  await started(0);
  const say = works[0]?.options?.onMessage ?? (() => undefined);
  const attempt = (testId: string, stdout = '') => ({
    type: 'attempt' as const,
    attempt: {
      testId,
      retry: 0,
      status: 'passed' as const,
      startedAt: 1,
      durationMs: 1,
      errors: [],
      steps: [],
      annotations: [],
      stdout,
      stderr: '',
      workerIndex: 0,
      parallelIndex: 0,
      attachments: [],
    },
  });
  for (let i = 0; i < 20; i++) {
    say(attempt(`t${i}`));
    say({ type: 'settled', tests: [{ testId: `t${i}`, outcome: 'expected', attempts: 1 }] });
  }
  say({ ...attempt('bad'), attempt: { ...attempt('bad').attempt, retry: -1 } });
  say(attempt('huge', 'z'.repeat(20_000_000)));
  works[0]?.end();
  await emptied(pool);
  const results = reports.flatMap((each) => (each.kind === 'results' ? [each] : []));
  expect(results.length).toBeLessThan(5);
  expect(results.flatMap(({ attempts }) => attempts.map(({ testId }) => testId))).toEqual([
    ...Array.from({ length: 20 }, (_, i) => `t${i}`),
    'huge',
  ]);
  expect(results.flatMap(({ settled }) => settled)).toHaveLength(20);
  for (const each of results) expect(JSON.stringify(each).length).toBeLessThan(3_000_000);
  const huge = results.flatMap(({ attempts }) => attempts).at(-1);
  expect(huge?.stdout).toHaveLength(200_000);
  expect(huge?.annotations.at(-1)?.description).toContain('too large to keep whole');
});

test('slots that are not lent any more are taken from the newest: what prepares goes back, tests that have not begun go back', async () => {
  const { pool, grant, started, works, state, kinds } = rig({ slots: 3 });
  for (let i = 0; i < 3; i++) grant({ work: { kind: 'units', testIds: [`t${i}`, `u${i}`] } });
  await started(0);
  await started(1);
  state.slots = 1;
  expect(pool.free).toBe(0);
  pool.finishAbove(1, 'on battery');
  expect(works.map(({ revokes }) => revokes)).toEqual([[], [['t1', 'u1']], []]);
  await vi.waitFor(() => expect(kinds()).toContain('release'));
  expect(works[1]?.stops).toEqual([]);
  // A shard cannot be given back in part.
  state.slots = 3;
  grant({ work: { kind: 'shard', index: 1, total: 2, settledTestIds: [] } });
  await started(3);
  pool.finishAbove(0, 'on battery');
  expect(works[3]).toMatchObject({ revokes: [], stops: [] });
  expect(works[0]?.revokes).toEqual([['t0', 'u0']]);
});

test('time that the machine slept counts for leases, although the monotonic clock stood still', async () => {
  const { pool, grant, started, works } = rig();
  grant({ leaseMs: 60_000 });
  await started(0);
  pool.slept(50_000);
  expect(works[0]?.stops).toEqual([]);
  pool.slept(20_000);
  expect(works[0]?.stops).toMatchObject([{ hard: true }]);
});
