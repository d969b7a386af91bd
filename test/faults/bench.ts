/** What every fault scenario stands on: programs, a run of a suite, and the count of what became of its tests. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { api, type Coordinator, type Programs } from '../../scripts/programs.ts';
import type { FaultSuite } from './suite.ts';

export interface Bench {
  programs: Programs;
  /** Of this scenario alone. */
  folder: string;
  /** Numbers between 0 and 1, the same for the same seed. */
  random: () => number;
}

/** What a scenario found. `lost` and `double_counted` must be 0, and so must every figure that a scenario names in `zero`. */
export interface Finding {
  acknowledged: number;
  stored: number;
  lost: number;
  double_counted: number;
  /** Further figures, for people. */
  figures: Record<string, number>;
  /** Names of figures that must be 0. */
  zero?: string[];
  /** Figures and their largest good value. */
  limits?: Record<string, number>;
  note?: string;
}

export type Scenario = (bench: Bench) => Promise<Finding>;

interface RunView {
  status: string;
  reason: string | null;
  tests: { total: number; settled: number; expected: number; unexpected: number; flaky: number; skipped: number };
}

export async function createRun(coordinator: Coordinator, suite: FaultSuite, over: object = {}): Promise<string> {
  const body = { name: 'faults', source: { type: 'path', path: suite.dir }, ...over };
  return (await api<{ test_run_id: string }>(coordinator, 'POST', '/test-runs/create', body)).test_run_id;
}

export const getRun = (coordinator: Coordinator, id: string) => api<RunView>(coordinator, 'GET', `/test-runs/${id}`);

/** Asks until `done` says so; a coordinator that is down just now is asked again. Throws after `ms`. */
export async function until<T>(
  ask: () => Promise<T>,
  done: (value: T) => boolean,
  what: string,
  ms = 180_000,
): Promise<T> {
  const end = performance.now() + ms;
  let last: unknown;
  for (;;) {
    try {
      const value = await ask();
      if (done(value)) return value;
      last = value;
    } catch (error) {
      last = error instanceof Error ? error.message : error;
    }
    if (performance.now() > end)
      throw new Error(`waited ${ms / 1000} s for ${what}; last seen: ${JSON.stringify(last)}`);
    await pause(50);
  }
}

export const runEnded = (coordinator: Coordinator, id: string) =>
  until(
    () => getRun(coordinator, id),
    (run) => ['completed', 'failed', 'cancelled'].includes(run.status),
    'the end of the run',
  );

/** Every test must have exactly one expected outcome, and exactly one grant whose attempts count. */
export async function count(
  coordinator: Coordinator,
  runId: string,
  suite: FaultSuite,
): Promise<Pick<Finding, 'stored' | 'lost' | 'double_counted'>> {
  const { tests } = await getRun(coordinator, runId);
  const outcomes = tests.expected + tests.unexpected + tests.flaky + tests.skipped;
  let double = Math.max(0, outcomes - suite.tests) + Math.max(0, tests.total - suite.tests);
  let cursor: string | null = '';
  const ids: string[] = [];
  while (cursor !== null) {
    const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const page: { items: { test_id: string; attempts: number }[]; next_cursor: string | null } = await api(
      coordinator,
      'GET',
      `/test-runs/${runId}/tests?limit=500${query}`,
    );
    ids.push(...page.items.map((item) => item.test_id));
    double += page.items.filter((item) => item.attempts > 1).length;
    cursor = page.next_cursor;
  }
  return {
    stored: tests.expected,
    lost: suite.tests - tests.expected,
    double_counted: double + (ids.length - new Set(ids).size),
  };
}

/** Stored events of a run whose type begins like this, oldest first. */
export async function events(
  coordinator: Coordinator,
  runId: string,
  type: string,
): Promise<{ at: number; type: string; data: Record<string, unknown> }[]> {
  const page = await api<{ items: { at: string; type: string; data: Record<string, unknown> }[] }>(
    coordinator,
    'GET',
    `/events?limit=500&run_id=${runId}&type=${type}`,
  );
  return page.items.map((event) => ({ ...event, at: Date.parse(event.at) }));
}

export async function startFleet(
  bench: Bench,
  coordinator: Coordinator,
  suite: FaultSuite,
  workers: number,
  slots: number,
) {
  const started = [];
  for (let n = 1; n <= workers; n++) {
    const options = {
      name: `worker-${n}`,
      slots,
      dataDir: path.join(bench.folder, `worker-${n}`),
      args: ['--allow-path', suite.dir],
    };
    started.push({ options, process: await bench.programs.startWorker(coordinator, options) });
  }
  return started;
}

/** Chance that can be repeated: a hash of seed and counter. */
export function seeded(seed: string): () => number {
  let n = 0;
  return () => createHash('sha256').update(`${seed} ${n++}`).digest().readUInt32BE() / 2 ** 32;
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
