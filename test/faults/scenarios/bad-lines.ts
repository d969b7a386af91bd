/** Lines that swallow everything for a while, or one direction of it, or are slow and break off. */
import path from 'node:path';
import {
  configure,
  count,
  createRun,
  events,
  getRun,
  pause,
  percentile,
  runEnded,
  startBehind,
  until,
  type Bench,
  type Finding,
  type Scenario,
} from '../bench.ts';
import { writeSuite } from '../suite.ts';
import { startTcpProxy, type TcpProxy } from '../tcp-proxy.ts';

/** Black holes, leases and heartbeats are so many times shorter than in life: 1, 5 and 30 minutes take 3, 15 and 90 s. */
const TIME_SCALE = 20;
const LEASES = {
  poison_test_limit: 20,
  worker_heartbeat_interval_seconds: 60 / TIME_SCALE,
  worker_heartbeat_timeout_seconds: 120 / TIME_SCALE,
};
const HOLES_MIN = [1, 5, 30];
const WORKERS = 4;
/** Longest wait of an agent between two attempts to connect, and how long one attempt may take. */
const RECONNECT_LIMIT_MS = 20_000;

export const blackHoles: Scenario = async (bench) => {
  const reconnects: number[] = [];
  const holes = bench.thorough ? HOLES_MIN : HOLES_MIN.slice(0, 2);
  const finding = await overLine(
    bench,
    { files: 14, ms: 400, workers: WORKERS, settings: LEASES },
    async (proxy, coordinator, run) => {
      for (const minutes of holes) {
        await settledMore(coordinator, run, 3);
        proxy.line.hole = { up: true, down: true };
        await pause((minutes * 60_000) / TIME_SCALE);
        proxy.heal();
        const healed = performance.now();
        const since = () => proxy.upgrades.filter((at) => at > healed).slice(0, WORKERS);
        await until(
          () => Promise.resolve(since()),
          (ups) => ups.length === WORKERS,
          'the workers to be back',
          60_000,
        );
        reconnects.push(...since().map((at) => at - healed));
      }
    },
  );
  return {
    ...finding,
    figures: {
      time_scale: TIME_SCALE,
      holes: holes.length,
      reconnect_p50_ms: percentile(reconnects, 50),
      reconnect_p99_ms: percentile(reconnects, 99),
      ...finding.figures,
    },
    limits: { reconnect_p99_ms: RECONNECT_LIMIT_MS },
  };
};

export const oneWayPartitions: Scenario = async (bench) => {
  const finding = await overLine(
    bench,
    { files: 8, ms: 400, workers: 2, settings: LEASES },
    async (proxy, coordinator, run) => {
      for (const direction of ['up', 'down'] as const) {
        await settledMore(coordinator, run, 3);
        proxy.line.hole = { up: false, down: false, [direction]: true };
        await pause(15_000);
        proxy.heal();
      }
    },
  );
  return { ...finding, figures: { partitions: 2, duplicates: finding.double_counted, ...finding.figures } };
};

export const slowLine: Scenario = async (bench) => {
  let resets = 0;
  const finding = await overLine(
    bench,
    { files: 3, ms: 400, workers: 2, settings: {} },
    async (proxy, coordinator, run) => {
      proxy.line.delayMs = 500;
      proxy.line.bytesPerSecond = 64_000 / 8;
      await settledMore(coordinator, run, 1);
      for (let n = 0; n < (bench.thorough ? 10 : 4); n++) {
        await pause(2_500);
        resets += proxy.reset(0.1, bench.random);
      }
    },
  );
  const { requeued_tasks, ...figures } = finding.figures;
  return {
    ...finding,
    figures: { resets, false_expiries: requeued_tasks ?? 0, ...figures },
    zero: [...(finding.zero ?? []), 'false_expiries'],
  };
};

type Coordinator = Awaited<ReturnType<Bench['programs']['startCoordinator']>>;

async function overLine(
  bench: Bench,
  { files, ms, workers, settings }: { files: number; ms: number; workers: number; settings: object },
  disturb: (proxy: TcpProxy, coordinator: Coordinator, run: string) => Promise<void>,
): Promise<Finding> {
  const suite = await writeSuite(path.join(bench.folder, 'suite'), files, ms);
  const coordinator = await bench.programs.startCoordinator(path.join(bench.folder, 'coordinator'));
  await configure(coordinator, settings);
  const proxy = await startTcpProxy(coordinator.url);
  try {
    for (let n = 0; n < workers; n++)
      await startBehind(bench, coordinator, suite, { url: proxy.url, name: `behind-${n}`, slots: 1 });
    await until(
      () => Promise.resolve(proxy.upgrades.length),
      (links) => links >= workers,
      'the workers',
      60_000,
    );
    // Outages are what is looked at here, not how many of them a run survives by default.
    const run = await createRun(coordinator, suite, { max_retries: 20 });
    await disturb(proxy, coordinator, run);
    const ended = await runEnded(coordinator, run);
    return {
      acknowledged: ended.tests.settled,
      ...(await count(coordinator, run, suite)),
      figures: {
        requeued_tasks: (await events(coordinator, run, 'task.requeued')).length,
        not_completed: ended.status === 'completed' ? 0 : 1,
      },
      zero: ['not_completed'],
      ...(ended.reason === null ? {} : { note: ended.reason }),
    };
  } finally {
    await proxy.close();
  }
}

/** So many results more than now, or the end of the run. */
async function settledMore(coordinator: Coordinator, run: string, more: number): Promise<void> {
  const before = (await getRun(coordinator, run)).tests.settled;
  await until(
    () => getRun(coordinator, run),
    ({ tests, status }) => tests.settled >= before + more || status === 'completed',
    'some results',
  );
}
