/** What every fault scenario stands on: programs, a run of a suite, and the count of what became of its tests. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { readdir, readFile, readlink } from 'node:fs/promises';
import type { ChildProcess } from 'node:child_process';
import { api, makeToken, type Coordinator, type Programs } from '../../scripts/programs.ts';
import type { FaultSuite } from './suite.ts';

export interface Bench {
  programs: Programs;
  /** Of this scenario alone. */
  folder: string;
  /** Numbers between 0 and 1, the same for the same seed. */
  random: () => number;
  /** As in the table of docs/reliability.md; otherwise quicker, with fewer repetitions. */
  thorough: boolean;
  /** Called once the scenario is over, however it ended, the last one first. */
  atEnd: (close: () => Promise<void>) => void;
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
  /** Why this machine cannot show it: it counts neither as held nor as broken. */
  notMeasured?: string;
}

export const notMeasured = (why: string): Finding => ({
  acknowledged: 0,
  stored: 0,
  lost: 0,
  double_counted: 0,
  figures: {},
  notMeasured: why,
});

export type Scenario = (bench: Bench) => Promise<Finding>;

interface RunView {
  status: string;
  reason: string | null;
  report: { state: string };
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
  suite: { tests: number },
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

export interface RunEvent {
  at: number;
  type: string;
  worker_id: string | null;
  data: Record<string, unknown>;
}

/** Stored events of a run whose type begins like this, oldest first. */
export async function events(coordinator: Coordinator, runId: string, type: string): Promise<RunEvent[]> {
  const found: RunEvent[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const page: { items: (Omit<RunEvent, 'at'> & { at: string })[]; next_cursor: string | null } = await api(
      coordinator,
      'GET',
      `/events?limit=500&run_id=${runId}&type=${type}${query}`,
    );
    found.push(...page.items.map((event) => ({ ...event, at: Date.parse(event.at) })));
    cursor = page.next_cursor;
  }
  return found;
}

export const configure = (coordinator: Coordinator, settings: object) =>
  api<unknown>(coordinator, 'PUT', '/settings', settings);

/** Ids of the workers by their names. */
export async function workerIds(coordinator: Coordinator): Promise<Map<string, string>> {
  const { items } = await api<{ items: { id: string; hostname: string }[] }>(coordinator, 'GET', '/workers?limit=500');
  return new Map(items.map(({ id, hostname }) => [hostname, id]));
}

export async function startFleet(
  bench: Bench,
  coordinator: Coordinator,
  suite: FaultSuite,
  workers: number,
  slots: number,
  env: (n: number) => NodeJS.ProcessEnv = () => ({}),
) {
  const started = [];
  for (let n = 1; n <= workers; n++) {
    const options = {
      name: `worker-${n}`,
      slots,
      dataDir: path.join(bench.folder, `worker-${n}`),
      args: ['--allow-path', suite.dir],
      env: env(n),
    };
    started.push({ options, process: await bench.programs.startWorker(coordinator, options) });
  }
  return started;
}

/** A worker that reaches its coordinator by another address: a proxy's. Later starts of the same folder need no token. */
export async function startBehind(
  bench: Bench,
  coordinator: Coordinator,
  suite: FaultSuite,
  {
    url,
    name,
    slots,
    again = false,
    args = [],
  }: { url: string; name: string; slots: number; again?: boolean; args?: string[] },
): Promise<ChildProcess> {
  const join = again ? [] : ['--join', `${url}#${(await makeToken(coordinator, 'join')).token}`];
  const own = [
    '--name',
    name,
    '--slots',
    String(slots),
    '--data',
    path.join(bench.folder, name),
    '--log-level',
    'error',
  ];
  return bench.programs.start(
    ['worker', ...join, ...own, '--allow-path', suite.dir, '--allow-system-browser', ...args],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
}

/** Processes whose working folder is the suite's: Playwright and what it starts. */
export const suiteProcesses = (dir: string): Promise<number[]> => processesIn((folder) => folder === dir);

/** What a killed program left running in this folder or below it. */
export async function endLeftovers(folder: string): Promise<void> {
  for (const pid of await processesIn((cwd) => cwd === folder || cwd.startsWith(folder + path.sep))) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      // Gone by itself meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

async function processesIn(matches: (cwd: string) => boolean): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const folders = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => '')));
  return pids.filter((_pid, i) => matches(folders[i] ?? '')).map(Number);
}

/** A process with all that descend from it. */
export async function processTree(root: number): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const parents = await Promise.all(
    pids.map(async (pid) => {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
      return [Number(pid), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])] as const;
    }),
  );
  const tree = [root];
  for (const pid of tree) tree.push(...parents.filter(([, parent]) => parent === pid).map(([child]) => child));
  return tree;
}

export const percentile = (values: readonly number[], p: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.ceil((p / 100) * sorted.length) - 1)] ?? 0);
};

/** Chance that can be repeated: a hash of seed and counter. */
export function seeded(seed: string): () => number {
  let n = 0;
  return () => createHash('sha256').update(`${seed} ${n++}`).digest().readUInt32BE() / 2 ** 32;
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
