/** Puts the room together: fleet, dispatcher, agent link, and the loop that ends leases. Everything follows the event log. */
import type { Clock } from '../../shared/base/clock.ts';
import type { PoliciesInForce } from '../policies/policies.ts';
import type { ProjectSecrets } from '../projects/secrets.ts';
import type { Database, StoredEvent, WriteHandle } from '../storage/database.ts';
import { settleTrials } from './breakers.ts';
import { Dispatcher } from './dispatcher.ts';
import type { FailureContext, FailureRules } from './failure-context.ts';
import { Fleet } from './fleet.ts';
import { KeepingFree } from './keeping-free.ts';
import { AgentLink } from './link/agent-link.ts';
import type { LinkOptions } from './link/options.ts';
import { afterAbsence, startLeaseWatch } from './lease-watch.ts';
import { loseTasksOf } from './lose-tasks.ts';
import type { LoadMonitor } from '../load/monitor.ts';
import { paceOf } from '../load/rules/load.ts';
import { clearTests } from './note-blame.ts';
import { boundLeases, renewLeases } from './renew-leases.ts';
import type { ReportAnswer } from './report-answer.ts';
import { ReportQueue, type ReportQueueOptions, type WorkerReport } from './report-queue.ts';
import { RunningTests } from './running-tests.ts';
import { StopWatch } from './stop-watch.ts';
import type { Strategies } from './strategies.ts';

export interface DispatchSettings {
  enabled: boolean;
  /** Name of a strategy. */
  strategy: string;
  maxActiveRuns: number;
  /** A worker that is not heard of for so long loses its grants. */
  leaseMs: number;
  heartbeatMs: number;
  /** Stragglers may be raced. */
  races: boolean;
  keyLifeMs: number | null;
  /** null: any. */
  minimumAgentVersion: string | null;
  failures: FailureRules;
}

/** What is known of the fleet beyond the database. */
export interface FleetFacts {
  /** How many Playwright processes it could run now. */
  slots: number;
  failures: FailureContext;
}

export interface DispatchDeps extends Pick<
  LinkOptions,
  | 'db'
  | 'clock'
  | 'coordinatorVersion'
  | 'inflow'
  | 'offline'
  | 'onHeartbeat'
  | 'onIntent'
  | 'onProgress'
  | 'onLog'
  | 'log'
> {
  settings: () => DispatchSettings;
  load: Pick<LoadMonitor, 'level'>;
  policies: () => PoliciesInForce;
  strategies: Strategies;
  secrets: ProjectSecrets;
  /** Carries out reports of workers. */
  onReports: (
    w: WriteHandle,
    reports: readonly WorkerReport[],
    fleet: FleetFacts,
    now: number,
  ) => Promise<ReportAnswer[]>;
}

/** How long a broken link may stay broken before its worker's tasks go elsewhere: long enough for a reconnect, 10 s in all with detection. */
const RECONNECT_GRACE_MS = 4_000;

export interface Dispatch {
  link: AgentLink;
  stops: StopWatch;
  fleet: Fleet;
  keepingFree: KeepingFree;
  leaseMs: () => number;
  onReports: ReportQueueOptions['onReports'];
  /** For workers that only poll: their heartbeat renews all that they hold. */
  renew: (w: WriteHandle, workerId: string, now: number) => Promise<void>;
  /** For workers that went offline or are removed: what they hold is queued again. */
  releaseAll: (w: WriteHandle, workerId: string, reason: string, now: number) => Promise<void>;
  stop(): Promise<void>;
}

/** Takes up what the database says is held; call it before the server listens. */
export async function createDispatch(deps: DispatchDeps): Promise<Dispatch> {
  const { db, clock, settings, secrets, log } = deps;
  const report = (error: unknown, during: string) => log.warn({ error: String(error) }, `${during} failed`);
  const fleet = new Fleet();
  const failures = (): FailureContext => ({
    rules: settings().failures,
    running: (fence) => [...fleet.lastRunning(fence).keys()],
  });
  const stops = new StopWatch(clock);
  const keepingFree = new KeepingFree();
  const dispatcher = new Dispatcher({
    db,
    fleet,
    clock,
    settings,
    policies: deps.policies,
    strategies: deps.strategies,
    secrets,
    keepingFree,
    report,
  });
  const onReports: ReportQueueOptions['onReports'] = async (w, reports, now) => {
    const answers = await deps.onReports(w, reports, { slots: fleet.totalSlots(), failures: failures() }, now);
    const ending = ({ report }: WorkerReport) => report.kind === 'finish' || report.kind === 'release';
    const fencesOf = (some: readonly WorkerReport[]) => some.map(({ report }) => report.fence);
    // A cancelled grant has ended already, and its report is stale: it still says that the processes are gone.
    for (const { report: each } of reports) {
      if (each.kind === 'revoked') w.afterCommit(() => dispatcher.revoked(each.fence, each.testIds.length > 0));
    }
    const stopped = fencesOf(reports.filter(ending));
    w.afterCommit(() => stopped.forEach((fence) => stops.ended(fence)));
    const freed = fencesOf(reports.filter((item, i) => ending(item) && answers[i]?.result === 'accepted'));
    if (freed.length > 0) {
      await settleTrials(w, freed, now);
      const again = reports.filter(({ report }) => report.kind === 'finish' && report.attempt > 1);
      if (again.length > 0) await clearTests(w, fencesOf(again));
      await dispatcher.grantFreed(w, freed, now);
    }
    return answers;
  };
  const link = new AgentLink({
    ...deps,
    fleet,
    settings: () => ({ ...settings(), reconnectGraceMs: RECONNECT_GRACE_MS }),
    failures,
    pace: () => paceOf(deps.load.level, settings()),
    onHeartbeat: async (w, workerId, metrics, running, now) => {
      w.afterCommit(() => fleet.noteMetrics(workerId, metrics));
      await deps.onHeartbeat(w, workerId, metrics, running, now);
    },
    onProgress: (workerId, message) => {
      const testIds = message.running.map((test) => test.testId);
      fleet.noteRunning(workerId, message.fence, testIds, clock.monotonic());
      deps.onProgress(workerId, message);
    },
    reports: new ReportQueue({ db, clock, onReports }),
    wake: () => dispatcher.wake(),
    onGone: (workerId) => stops.workerGone(workerId),
  });
  const leaseMs = () => settings().leaseMs;
  await db.write((w) => boundLeases(w, afterAbsence(clock.now(), leaseMs())));
  await resume(db, fleet, clock);
  const unsubscribe = db.onCommitted((events) => follow(events, { fleet, stops, link, dispatcher }));
  const stopExpiry = startLeaseWatch({ db, clock, leaseMs, failures, report });
  const running = new RunningTests({ db, fleet, clock, report });
  dispatcher.wake();
  return {
    link,
    stops,
    fleet,
    keepingFree,
    onReports,
    leaseMs,
    renew: async (w, workerId, now) => void (await renewLeases(w, workerId, null, settings().leaseMs, now)),
    releaseAll: async (w, workerId, reason, now) => void (await loseTasksOf(w, workerId, [], reason, failures(), now)),
    async stop() {
      stopExpiry();
      unsubscribe();
      dispatcher.stop();
      link.closeAll();
      await running.stop();
    },
  };
}

async function resume(db: Database, fleet: Fleet, clock: Clock): Promise<void> {
  const held = await db.read((r) =>
    r.all<Held>(
      `SELECT t.fence, t.worker_id, t.id, t.run_id, t.attempt, t.needs, t.cpus, t.memory_bytes, a.slots, a.running FROM tasks t JOIN task_attempts a ON a.fence = t.fence
       WHERE t.state IN ('assigned', 'running')`,
    ),
  );
  for (const row of held) {
    fleet.add({
      fence: row.fence,
      workerId: row.worker_id,
      taskId: row.id,
      runId: row.run_id,
      attempt: row.attempt,
      slots: row.slots,
      needs: row.needs,
      cpus: row.cpus,
      memoryBytes: row.memory_bytes,
    });
    const running = row.running === null ? [] : (JSON.parse(row.running) as string[]);
    if (running.length > 0) fleet.noteRunning(row.worker_id, row.fence, running, clock.monotonic());
  }
}

interface Held {
  fence: number;
  worker_id: string;
  id: string;
  run_id: string;
  attempt: number;
  needs: string;
  cpus: number;
  memory_bytes: number;
  slots: number;
  running: string | null;
}

interface Followers {
  fleet: Fleet;
  stops: StopWatch;
  link: AgentLink;
  dispatcher: Dispatcher;
}

/** What makes another round worth while: work that became pending, slots that became free, workers or settings that changed. */
const WAKING =
  /^(run\.(created|state|planned|group)|task\.(finished|requeued|cancelled|split)|worker\.|setting|scheduling)/;
/** Of these: what only makes slots free. */
const FREES_SLOTS = /^task\.(finished|cancelled)/;

function follow(events: readonly StoredEvent[], { fleet, stops, link, dispatcher }: Followers): void {
  let wake = false;
  let slotsOnly = true;
  for (const event of events) {
    const told = fleet.apply(event);
    const worker = told && fleet.find(told.stop.workerId);
    if (told && worker) {
      const { taskId, attempt, fence } = told.stop;
      stops.told(told.stop);
      worker.send({ type: 'cancel', taskId, attempt, fence, reason: told.reason });
    }
    if (event.workerId !== null && /^worker\.(intent|changed|breaker)$/.test(event.type))
      void link.refresh(event.workerId);
    if (event.workerId !== null && event.type === 'worker.removed')
      link.refuse(event.workerId, 'this worker was removed on the coordinator');
    if (!WAKING.test(event.type)) continue;
    wake = true;
    slotsOnly &&= FREES_SLOTS.test(event.type);
  }
  if (wake) dispatcher.wake(slotsOnly);
}
