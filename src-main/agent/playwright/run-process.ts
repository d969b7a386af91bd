import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { systemClock, type Clock } from '../../../shared/base/clock.ts';
import type { FirstOrder, Order, ReporterMessage } from '../../../shared/protocol/ipc.ts';
import { wholeBlob } from './blob-file.ts';
import { bundled } from './bundled.ts';
import { discoverSuite } from './discover.ts';
import { ProcessGroup, type GroupEnd } from './process-group.ts';
import type { TestUser } from '../test-user.ts';
import { ORDER_FILE } from './reporter/order-file.ts';
import { PORT } from './reporter/ports.ts';
import {
  canExclude,
  PlaywrightRefusal,
  resolvePlaywright,
  supportsQueue,
  type SuitePlaywright,
} from './resolve-playwright.ts';

/** What a process is started with. */
export interface BootOptions {
  /** The suite's folder: where its package.json and config are found, and the working folder of the process. */
  suiteDir: string;
  /** Config file relative to suiteDir, where it is not the default. */
  config?: string | undefined;
  /** The run's own Playwright arguments, accepted by parsePlaywrightArgs; filters among them apply besides the order. */
  args: string[];
  /** How many Playwright workers. */
  workers: number;
  /** This process's own folder, emptied first. Attachments named in messages lie in it: keep it until they are uploaded. */
  workDir: string;
  /** From childEnvironment. */
  env: Record<string, string>;
  /** First of PORTS_PER_PROCESS ports that are this process's own. */
  port: number;
  /** As whom it runs. */
  user: TestUser;
  /** Marks the process and all it starts; a unique part is added. */
  taskId: string;
  /** The Node that runs the suite; this process's own by default. */
  node?: string;
  clock?: Clock;
}

/** What is done with what a process says. */
export interface RunHandlers {
  onMessage: (message: RunMessage) => void;
  /** Which of these setup tests need not run here, because another process has run them; none by default. The process waits for it. */
  whatIsSetUp?: (testIds: string[]) => Promise<string[]>;
  onOutput: (stream: 'stdout' | 'stderr', text: string) => void;
}

export interface RunOptions extends BootOptions, RunHandlers {
  order: Order;
  /** Gives up while Playwright is not started yet (a shard's remainder is looked up first); later use `stop`. */
  signal?: AbortSignal;
}

export type RunMessage = Exclude<ReporterMessage, { type: 'setup' | 'ready' }>;
export type EndMessage = Extract<ReporterMessage, { type: 'end' }>;

export interface RunEnd extends GroupEnd {
  /** The reporter's last word; null where the process died before it. Only then exitCode and signal matter. */
  ended: EndMessage | null;
  /** The blob report, whole; null where none was written. */
  blobFile: string | null;
  /** Why `stop` was called; null where it was not. */
  stopReason: string | null;
}

export interface PlaywrightProcess {
  pid: number;
  /** PLAYFLEET_TASK of this start, for a sweep after the agent's own death. */
  marker: string;
  /** Resolves when the process and everything it started is gone. */
  done: Promise<RunEnd>;
  /** Asks for tests that have not begun; a message `revoked` answers, unless the process ends before. */
  revoke(testIds: string[]): void;
  /** Interrupts, so that finished results and the blob still arrive, and kills after 5 s (`hard`: 1 s). Resolves when nothing is left. */
  stop(reason: string, options?: { hard?: boolean }): Promise<void>;
}

/** A process that has loaded the suite, or is about to, and waits for its order. */
export interface BootedAhead {
  /** False once it has ended, or `start` was called: it serves one order. */
  readonly isFree: boolean;
  /** The order must be of tests; its end counts `wallMs` from here. */
  start(order: Order, handlers: RunHandlers): PlaywrightProcess;
  /** Resolves when nothing of it is left. */
  stop(): Promise<void>;
}

/**
 * Starts Playwright on an order. An exit code of 0 proves nothing: compare what was settled with what was ordered (verdict.ts).
 * @throws PlaywrightRefusal where Playwright is absent, too old for the order, or cannot be started.
 */
export async function startPlaywright(options: RunOptions): Promise<PlaywrightProcess> {
  const playwright = resolvePlaywright(options.suiteDir);
  const order = await exactOrder(options, playwright.version);
  options.signal?.throwIfAborted();
  const launched = await launch(options, order, playwright);
  return launched.attend(options);
}

/**
 * Starts Playwright without an order, so that the next one of the same suite need not wait for its start. Only for suites of which a
 * process has said that it can be (`planned`).
 */
export async function bootAhead(options: BootOptions): Promise<BootedAhead> {
  const { clock = systemClock } = options;
  const launched = await launch(options, { kind: 'later' }, resolvePlaywright(options.suiteDir));
  let isFree = true;
  void launched.group.done.then(() => (isFree = false));
  return {
    get isFree() {
      return isFree;
    },
    start(order, handlers) {
      isFree = false;
      const takenAt = clock.monotonic();
      const running = launched.attend(handlers);
      void launched.ready.then(() => launched.group.send({ type: 'order', order }));
      const done = running.done.then((end) => ({ ...end, wallMs: clock.monotonic() - takenAt }));
      return { ...running, done };
    },
    stop: () => launched.group.stop({ hard: true }),
  };
}

interface Launched {
  group: ProcessGroup;
  /** Resolves when it waits for its order; never for one that has it. */
  ready: Promise<void>;
  /** Hands on what it says, from its start on. */
  attend(handlers: RunHandlers): PlaywrightProcess;
}

async function launch(
  options: BootOptions,
  order: FirstOrder,
  playwright: Pick<SuitePlaywright, 'cli' | 'version'>,
): Promise<Launched> {
  const { suiteDir, workDir, user, clock = systemClock } = options;
  const orderFile = path.join(workDir, 'order.json');
  const blobFile = path.join(workDir, 'blob.zip');
  await rm(workDir, { recursive: true, force: true });
  await mkdir(workDir, { recursive: true });
  await writeFile(orderFile, JSON.stringify(order));
  await user.give(workDir);

  const marker = `${options.taskId}.${randomUUID()}`;
  const ready = Promise.withResolvers<void>();
  /** Said before anybody attends. */
  const early: ((handlers: RunHandlers) => void)[] = [];
  let handlers: RunHandlers | null = null;
  let ended: EndMessage | null = null;
  let stopReason: string | null = null;
  const tell = (say: (to: RunHandlers) => void): void => (handlers ? say(handlers) : void early.push(say));
  const starting = ProcessGroup.start({
    command: options.node ?? process.execPath,
    args: [playwright.cli, ...commandLine(options, order, playwright.version)],
    cwd: suiteDir,
    as: user.as,
    env: {
      ...options.env,
      [ORDER_FILE]: orderFile,
      [PORT]: String(options.port),
      PLAYWRIGHT_BLOB_OUTPUT_FILE: blobFile,
    },
    marker,
    onMessages: (messages) => {
      for (const message of messages) {
        if (message.type === 'discovered') continue;
        if (message.type === 'ready') ready.resolve();
        else if (message.type === 'setup') tell((to) => void answerSetup(to, message.testIds));
        else {
          if (message.type === 'end') ended = message;
          tell((to) => to.onMessage(message));
        }
      }
    },
    onOutput: (stream, text) => tell((to) => to.onOutput(stream, text)),
    clock,
  });
  const answerSetup = async ({ whatIsSetUp }: RunHandlers, testIds: string[]): Promise<void> => {
    const done = (await whatIsSetUp?.(testIds)) ?? [];
    (await starting).send({ type: 'setup', done });
  };
  const group = await starting;
  return {
    group,
    ready: ready.promise,
    attend(to) {
      handlers = to;
      for (const say of early.splice(0)) say(to);
      return {
        pid: group.pid,
        marker,
        done: group.done.then(async (end) => ({
          ...end,
          ended,
          stopReason,
          blobFile: await takenBlob(user, blobFile, workDir),
        })),
        revoke: (testIds) => group.send({ type: 'revoke', testIds }),
        stop: async (reason, how) => {
          stopReason ??= reason;
          await group.stop(how);
        },
      };
    },
  };
}

/** null where there is none, or none that is whole and its own. */
async function takenBlob(user: TestUser, file: string, workDir: string): Promise<string | null> {
  const taken = await user.take(file, workDir).catch(() => null);
  return taken === null ? null : wholeBlob(taken);
}

function commandLine({ config, args, workers, workDir }: BootOptions, order: FirstOrder, version: string): string[] {
  return [
    'test',
    ...(config === undefined ? [] : [`--config=${config}`]),
    ...args,
    // `list` writes the log as people know it; `blob` is what the merged report is made of.
    `--reporter=${bundled('reporter.cjs')},list,blob`,
    `--workers=${workers}`,
    `--output=${path.join(workDir, 'output')}`,
    ...(order.kind === 'shard' ? [`--shard=${order.index}/${order.total}`] : []),
    // The order is exact; a `shard` in the suite's config must not cut it again. Newer ones are told by the reporter.
    ...(order.kind === 'tests' && !canExclude(version) ? ['--shard=1/1'] : []),
    // Only then can an order be empty on purpose: all that it held is settled.
    ...(order.kind === 'tests' && order.testIds.length === 0 ? ['--pass-with-no-tests'] : []),
  ];
}

/**
 * A shard of which parts are settled becomes an order of its other tests. Excluding them from within the sharded process would move
 * the borders of the shard, because Playwright cuts shards after reporters have excluded. Before 1.62 nothing can be excluded and the
 * shard runs whole again.
 */
async function exactOrder(options: RunOptions, version: string): Promise<Order> {
  const { order } = options;
  if (order.kind === 'tests') {
    if (supportsQueue(version)) return order;
    const message = `queue runs need Playwright 1.45 or newer in the suite; this one has ${version}. Use --shards N or upgrade`;
    throw new PlaywrightRefusal('tooOld', message);
  }
  if (order.settledTestIds.length === 0 || !canExclude(version)) return order;
  const { onOutput: _log, ...discoverOptions } = options;
  const discovery = await discoverSuite({ ...discoverOptions, shard: order });
  // What keeps the suite from loading keeps the run from it as well, and is told there.
  if (discovery.errors.length > 0) return order;
  const settled = new Set(order.settledTestIds);
  const ids = discovery.units.flatMap((unit) => unit.testIds);
  return { kind: 'tests', testIds: ids.filter((id) => !settled.has(id)) };
}
