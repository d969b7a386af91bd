/** What brings tasks to workers and takes their reports: dispatch, and the rooms that it hands reports, logs and heartbeats to. */
import { createDispatch, type Dispatch } from '../dispatch/create-dispatch.ts';
import { failureRules } from '../dispatch/failure-context.ts';
import { Inflow } from '../dispatch/inflow.ts';
import { loadPlugins } from '../dispatch/load-plugins.ts';
import { Strategies } from '../dispatch/strategies.ts';
import { takeUpRestored } from '../backups/restored.ts';
import { LoadMonitor } from '../load/monitor.ts';
import type { StatementSigner } from '../offline/signer.ts';
import { handleReports } from '../results/handle-report.ts';
import { LiveView } from '../results/live-view.ts';
import { LogWriter } from '../results/logs.ts';
import { Redaction } from '../results/redaction.ts';
import { Presence } from '../workers/presence.ts';
import { recordHeartbeat } from '../workers/record-heartbeat.ts';
import { setIntent } from '../workers/set-intent.ts';
import type { Access } from './access.ts';
import type { Data } from './data.ts';
import type { Start } from './start.ts';

export type Engine = Awaited<ReturnType<typeof startEngine>>;

/** Rejects where a plugin cannot be loaded. */
export async function loadStrategies({ config, clock, report }: Start): Promise<Strategies> {
  const plugins = config.pluginsDir === null ? [] : await loadPlugins(config.pluginsDir);
  return new Strategies({ plugins, monotonic: () => clock.monotonic(), report });
}

export interface EngineParts {
  data: Data;
  access: Pick<Access, 'workerKeyLifeMs'>;
  strategies: Strategies;
  signer: StatementSigner;
}

/** From here on, tasks are granted. */
export async function startEngine(
  { version, log, clock, report, stops }: Start,
  { data, access, strategies, signer }: EngineParts,
) {
  const { db, feed, settings, policies, secrets } = data;
  const leaseMs = () => settings.values.worker_heartbeat_timeout_seconds * 1000;
  const inflow = new Inflow();
  const load = new LoadMonitor({
    db,
    clock,
    inflowBytes: () => inflow.bytes,
    onChange: () => dispatch.link.tellPace(),
    report,
  });
  stops.add(() => load.stop());
  const keepsHistory = () => !load.leavesOut('metrics');
  const logs = new LogWriter({ db, clock, load, log, report });
  stops.add(() => logs.close());
  const redaction = new Redaction({ db, clock, secrets, report });
  stops.add(() => redaction.close());
  const live = new LiveView({ db, feed, fleet: () => dispatch.fleet, report });
  const presence = new Presence({
    db,
    clock,
    timeoutMs: leaseMs,
    onOffline: (w, workerId, reason, now) => dispatch.releaseAll(w, workerId, reason, now),
    report,
  });
  stops.add(() => presence.stop());
  const waiting = await db.write((w) => takeUpRestored(w, clock.now()));
  if (waiting !== null) log.warn({ waiting }, 'this data was restored from a backup: what was held then waits again');
  const dispatch: Dispatch = await createDispatch({
    db,
    clock,
    coordinatorVersion: version,
    offline: { origin: data.originId, signingKey: signer.publicKey, actsFor: data.promotion?.central.origin ?? null },
    secrets,
    settings: () => ({
      enabled: settings.values.scheduler_enabled,
      strategy: settings.values.load_balancer_strategy,
      races: settings.values.race_stragglers,
      maxActiveRuns: settings.values.max_parallel_test_runs,
      leaseMs: leaseMs(),
      heartbeatMs: settings.values.worker_heartbeat_interval_seconds * 1000,
      keyLifeMs: Number.isFinite(access.workerKeyLifeMs()) ? access.workerKeyLifeMs() : null,
      minimumAgentVersion: settings.values.minimum_agent_version,
      failures: failureRules(settings.values),
    }),
    load,
    inflow,
    policies: () => policies.inForce,
    strategies,
    log,
    onReports: async (w, reports, fleet, now) => handleReports(w, await redaction.reports(w, reports), fleet, now),
    onHeartbeat: async (w, workerId, metrics, running, now) => {
      presence.heard(workerId);
      await recordHeartbeat(w, workerId, metrics, running, now, keepsHistory());
    },
    onIntent: setIntent,
    onProgress: (workerId, message) => {
      if (!load.leavesOut('live_views')) live.progress(workerId, message);
    },
    onLog: (workerId, message) =>
      redaction.log(workerId, message, (clean) => {
        for (const kept of logs.add(workerId, clean)) live.log(workerId, kept);
      }),
  });
  stops.add(() => dispatch.stop());
  return { strategies, load, keepsHistory, redaction, presence, dispatch };
}
