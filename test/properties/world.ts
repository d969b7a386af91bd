/**
 * The real database with the real commands, beside a small model of what was promised: grants that are held, outcomes that were
 * acknowledged, losses of which tests were running. Everything here is synchronous in effect: one command after the other.
 */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { cancelRun } from '../../coordinator/dispatch/cancel-run.ts';
import { claimTasks, type Claim } from '../../coordinator/dispatch/claim-tasks.ts';
import type { FleetFacts } from '../../coordinator/dispatch/create-dispatch.ts';
import { disconnectWorker } from '../../coordinator/dispatch/connect-worker.ts';
import { addRacer } from '../../coordinator/dispatch/racing.ts';
import { afterAbsence } from '../../coordinator/dispatch/lease-watch.ts';
import { expireLeases } from '../../coordinator/dispatch/lose-tasks.ts';
import { boundLeases, renewLeases } from '../../coordinator/dispatch/renew-leases.ts';
import type { WorkerReport } from '../../coordinator/dispatch/report-queue.ts';
import { handleReports } from '../../coordinator/results/handle-report.ts';
import { activateRuns } from '../../coordinator/runs/activate-runs.ts';
import { createRun } from '../../coordinator/runs/create-run.ts';
import { rerun } from '../../coordinator/runs/rerun.ts';
import type { Database } from '../../coordinator/storage/database.ts';
import { openDatabase } from '../../coordinator/storage/open.ts';
import type { Clock } from '../../shared/base/clock.ts';
import type { Report } from '../../shared/protocol/link.ts';
import { runCreate } from '../../shared/protocol/rest/runs.ts';
import { readMigrations } from '../support/migrations.ts';
import { ended, heldOf } from '../support/reports.ts';
import type { Unit } from '../../shared/protocol/playwright.ts';
import { discoveryOf } from '../support/suites.ts';

export const WORKERS = ['w0', 'w1', 'w2'];
export const LEASE_MS = 120_000;
export const RETURN_MS = 30_000;
export const POISON_LIMIT = 3;
export const MAX_RETRIES = 2;

export type Named = Pick<Claim, 'taskId' | 'attempt' | 'fence' | 'workerId' | 'runId'>;

/** Each third test begins a serial group of two. */
export function unitsOf(testIds: readonly string[]): Unit[] {
  const units: Unit[] = [];
  for (let n = 0; n < testIds.length;) {
    const size = units.length % 3 === 0 ? 2 : 1;
    const ids = testIds.slice(n, n + size);
    units.push({
      kind: size === 2 ? 'group' : 'test',
      project: 'desktop',
      file: 'shop.spec.ts',
      title: ids.join(),
      testIds: ids,
    });
    n += size;
  }
  return units;
}

/** Crashes of processes are tested here, not of machines: memory is as good as a disk, and quicker. */
const MEMORY = '/dev/shm';

const migrations = readMigrations();

/** One database for many seeds: each works with a run of its own. */
export class World {
  db!: Database;
  readonly clock: Clock & { time: number };
  readonly folder = mkdtempSync(path.join(existsSync(MEMORY) ? MEMORY : os.tmpdir(), 'playfleet-property-'));
  #file: string;
  #copies = 0;
  /** Tests that a worker said to be running, per grant. */
  readonly running = new Map<number, readonly string[]>();

  constructor() {
    this.#file = path.join(this.folder, 'playfleet.db');
    this.clock = {
      time: 1_000_000,
      now: () => this.clock.time,
      monotonic: () => this.clock.time,
      after: () => () => {},
    };
  }

  async open(): Promise<void> {
    const report = (error: unknown): void => {
      throw error;
    };
    this.db = await openDatabase({ file: this.#file, migrations, clock: this.clock, report });
  }

  async prepare(): Promise<void> {
    await this.open();
    await this.db.write(async (w) => {
      await w.run("INSERT INTO projects (id, key, name, created_at) VALUES ('p', 'p', 'p', 0)");
      for (const id of WORKERS) {
        await w.run(
          `INSERT INTO workers (id, hostname, ip_address, online, capabilities, key_hash, key_created_at, last_seen_at, created_at)
           VALUES (?, ?, '', 1, '{}', ?, 0, 0, 0)`,
          [id, id, id],
        );
      }
    });
  }

  async close(): Promise<void> {
    await this.db.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** How often grants ended how, and what else became of runs. */
  async seen(): Promise<[string, number][]> {
    const rows = await this.db.read((r) =>
      r.all<{ name: string; n: number }>(
        `SELECT 'grants ' || coalesce(ended, 'held') AS name, count(*) AS n FROM task_attempts GROUP BY ended
         UNION ALL SELECT 'runs ' || state, count(*) FROM runs GROUP BY state
         UNION ALL SELECT 'quarantined tests', count(*) FROM tests WHERE quarantined_at IS NOT NULL
         UNION ALL SELECT 'splits', count(*) FROM events WHERE type = 'task.split'
         UNION ALL SELECT 'races', count(*) FROM events WHERE type = 'task.raced'`,
      ),
    );
    return rows.map(({ name, n }) => [name, n]);
  }

  /** As a coordinator does that is started again. */
  async restart(): Promise<void> {
    await this.db.close();
    await this.open();
    await this.#resume();
  }

  /** As after a kill: what lies in the files at this moment is all there is. */
  async crash(): Promise<void> {
    const copy = path.join(this.folder, `copy-${++this.#copies}.db`);
    for (const suffix of ['', '-wal']) {
      if (existsSync(this.#file + suffix)) copyFileSync(this.#file + suffix, copy + suffix);
    }
    await this.db.close();
    for (const suffix of ['', '-wal', '-shm', '.lock']) rmSync(this.#file + suffix, { force: true });
    this.#file = copy;
    await this.open();
    await this.#resume();
  }

  #resume(): Promise<void> {
    return this.db.write((w) => boundLeases(w, afterAbsence(this.clock.time, LEASE_MS)));
  }

  get #facts(): FleetFacts {
    const breaker = {
      failuresInRow: 3,
      failurePercent: 50,
      windowMs: 600_000,
      coolDownMs: 30_000,
      coolDownLimitMs: 600_000,
    };
    return {
      slots: 3,
      failures: {
        rules: { breaker, poisonLimit: POISON_LIMIT },
        running: (fence) => this.running.get(fence) ?? [],
      },
    };
  }

  async createRun(): Promise<string> {
    const create = runCreate.parse({ name: 'run', kind: 'queue', max_retries: MAX_RETRIES });
    const defaults = { maxRetries: MAX_RETRIES, taskTimeoutMs: 1000 };
    const { id } = await this.db.write((w) =>
      createRun(w, { create, projectId: 'p', createdBy: 'property', defaults }, this.clock.time),
    );
    return id;
  }

  /** The run begins with these tests, without the way over a discovery where one is known. */
  async plan(testIds: readonly string[]): Promise<void> {
    await this.db.write((w) => activateRuns(w, { maxActive: 10_000, slots: 3 }, this.clock.time));
    const [grant] = await this.#claimOfDiscovery();
    if (!grant) return;
    const discovery = discoveryOf(testIds, { units: unitsOf(testIds) });
    await this.report(grant.workerId, { kind: 'discovered', ...heldNames(grant), discovery, commit: null });
    await this.report(grant.workerId, { kind: 'finish', ...heldNames(grant), end: plainEnd });
  }

  async #claimOfDiscovery(): Promise<Claim[]> {
    const task = await this.db.read((r) =>
      r.get<{ id: string; run_id: string }>(
        `SELECT id, run_id FROM tasks WHERE kind = 'discover' AND state = 'pending'`,
      ),
    );
    return task ? this.claim(task.run_id, 'w0', 1, task.id) : [];
  }

  claim(runId: string, workerId: string, limit: number, taskId?: string): Promise<Claim[]> {
    const taker = { workerId, workerName: workerId, slots: 1 };
    const which = taskId === undefined ? {} : { taskId };
    return this.db.write(async (w) => {
      const discovers = await w.get(
        "SELECT 1 FROM tasks WHERE run_id = ? AND kind = 'discover' AND state = 'pending'",
        [runId],
      );
      return claimTasks(
        w,
        {
          runId,
          demand: { needs: discovers ? '' : 'chromium', cpus: 0, memoryBytes: 0 },
          limit,
          takers: (n) => Array.from({ length: n }, () => taker),
          leaseMs: LEASE_MS,
          ...which,
        },
        this.clock.time,
      );
    });
  }

  /** Another worker runs the same tests beside: whoever is first counts. */
  async race({ fence, workerId, taskId, runId, attempt }: Named, toWorker: string): Promise<Claim[]> {
    const taker = { workerId: toWorker, workerName: toWorker, slots: 1 };
    return this.db.write(async (w) => {
      const raced = { fence, workerId, taskId, runId, attempt, slots: 1, needs: 'chromium', cpus: 0, memoryBytes: 0 };
      const id = await addRacer(w, raced, toWorker, this.clock.time);
      const demand = { needs: 'chromium', cpus: 0, memoryBytes: 0 };
      const which = { runId, demand, limit: 1, leaseMs: LEASE_MS, taskId: id };
      return claimTasks(w, { ...which, takers: () => [taker] }, this.clock.time);
    });
  }

  async report(workerId: string, report: Report): Promise<string> {
    return (await this.reportAll([{ workerId, report }]))[0] ?? '';
  }

  async reportAll(reports: readonly WorkerReport[]): Promise<string[]> {
    const answers = await this.db.write((w) => handleReports(w, reports, this.#facts, this.clock.time));
    return answers.map(({ result }) => result);
  }

  heartbeat(workerId: string): Promise<number> {
    return this.db.write((w) => renewLeases(w, workerId, null, LEASE_MS, this.clock.time));
  }

  expire(): Promise<number> {
    return this.db.write((w) => expireLeases(w, this.#facts.failures, this.clock.time));
  }

  lose(workerId: string): Promise<void> {
    return this.db.write((w) => disconnectWorker(w, workerId, 'gone', this.#facts.failures, this.clock.time));
  }

  async cancel(runId: string): Promise<string> {
    return (await this.db.write((w) => cancelRun(w, runId, 'enough', this.clock.time))).result;
  }

  async isRunning({ taskId, fence }: Named): Promise<boolean> {
    const row = await this.db.read((r) =>
      r.get(`SELECT 1 FROM tasks WHERE id = ? AND fence = ? AND state = 'running'`, [taskId, fence]),
    );
    return row !== undefined;
  }

  async testsOf(taskId: string): Promise<string[]> {
    const rows = await this.db.read((r) =>
      r.all<{ test_id: string }>(
        'SELECT t.test_id FROM tests t JOIN units u ON u.run_id = t.run_id AND u.no = t.unit_no WHERE u.task_id = ?',
        [taskId],
      ),
    );
    return rows.map((row) => row.test_id);
  }

  async largestFence(): Promise<number> {
    const row = await this.db.read((r) =>
      r.get<{ fence: number | null }>('SELECT max(fence) AS fence FROM task_attempts'),
    );
    return row?.fence ?? 0;
  }

  retry(runId: string) {
    return this.db.write((w) => rerun(w, { runId, asked: { only: 'failed' }, createdBy: 'property' }, this.clock.time));
  }
}

export const heldNames = ({ taskId, attempt, fence }: Named) =>
  heldOf({ taskId, attempt, fence } as Parameters<typeof heldOf>[0]);

export const plainEnd = ended();
