/** Small real Playwright suites in temporary folders, and what running them through the agent's code said. */
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { onTestFinished, vi } from 'vitest';
import { childEnvironment } from '../../../src-main/agent/playwright/env.ts';
import { discoverSuite } from '../../../src-main/agent/playwright/discover.ts';
import {
  startPlaywright,
  type PlaywrightProcess,
  type RunEnd,
} from '../../../src-main/agent/playwright/run-process.ts';
import { systemClock, type Clock } from '../../../shared/base/clock.ts';
import type { Order, ReporterMessage } from '../../../shared/protocol/ipc.ts';
import {
  localAttempt,
  plannedTest,
  settledTest,
  testError,
  type Discovery,
  type LocalAttempt,
  type SettledTest,
} from '../../../shared/protocol/playwright.ts';
import { agentsUser } from '../../../src-main/agent/test-user.ts';

// Several starts of Playwright each, on machines that may be busy.
vi.setConfig({ testTimeout: 240_000 });

const repo = path.resolve(import.meta.dirname, '../../..');

export async function emptyFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(path.join(os.tmpdir(), 'playfleet-test-')));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Files by name; an empty config is added where none is given. */
export async function writeSuite(files: Record<string, string>): Promise<string> {
  const folder = await emptyFolder();
  const all = { 'package.json': '{}', 'playwright.config.ts': 'export default {}', ...files };
  for (const [name, text] of Object.entries(all)) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  await symlink(path.join(repo, 'node_modules'), path.join(folder, 'node_modules'));
  return folder;
}

/** Gives a suite another Playwright: `installed` is the name under which it stands in our devDependencies. */
export async function withPlaywright(suiteDir: string, installed: string): Promise<void> {
  const modules = path.join(suiteDir, 'node_modules');
  await rm(modules);
  await mkdir(path.join(modules, '@playwright'), { recursive: true });
  await symlink(path.join(repo, 'node_modules', installed), path.join(modules, '@playwright', 'test'));
}

/** What the contract says each message may be: nothing that our reporter sends may be refused further on. */
const contract = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('planned'),
    playwrightVersion: z.string(),
    rootDir: z.string(),
    tests: z.array(plannedTest),
    supportingTestIds: z.array(z.string()),
    canBootAhead: z.boolean(),
  }),
  z.strictObject({ type: z.literal('testBegin'), testId: z.string(), retry: z.int() }),
  z.strictObject({ type: z.literal('attempt'), attempt: localAttempt }),
  z.strictObject({ type: z.literal('settled'), tests: z.array(settledTest).min(1) }),
  z.strictObject({ type: z.literal('revoked'), testIds: z.array(z.string()) }),
  z.strictObject({ type: z.literal('error'), error: testError }),
  z.strictObject({
    type: z.literal('end'),
    status: z.enum(['passed', 'failed', 'timedout', 'interrupted']),
    notRun: z.array(z.string()),
    notRunReason: z.enum(['interrupted', 'globalTimeout', 'maxFailures', 'setupFailed', 'error']).nullable(),
  }),
]);

export interface Running {
  process: PlaywrightProcess;
  messages: ReporterMessage[];
  output: string;
  /** Resolves once `condition` holds; asked again after each message and each output. Rejects when the process ends before. */
  until(condition: (running: Running) => boolean): Promise<void>;
}

export interface SuiteRun {
  order: Order;
  args?: string[];
  env?: Record<string, string>;
  workers?: number;
  port?: number;
  clock?: Clock;
}

export async function start(suiteDir: string, suiteRun: SuiteRun): Promise<Running> {
  const { order, args = [], env = {}, workers = 1, port = 41_000, clock = systemClock } = suiteRun;
  const workDir = await emptyFolder();
  const waiting = new Set<() => void>();
  const running = {
    messages: [] as ReporterMessage[],
    output: '',
    until: (condition: (running: Running) => boolean) =>
      new Promise<void>((resolve, reject) => {
        const ask = () => condition(running) && resolve();
        waiting.add(ask);
        ask();
        void running.process.done.then(() => reject(new Error(`ended before:\n${running.output}`)));
      }),
  } as Running;
  running.process = await startPlaywright({
    suiteDir,
    user: agentsUser,
    args,
    order,
    workers,
    workDir,
    env: childEnvironment({ base: process.env, run: env, platform: process.platform }),
    port,
    taskId: 'test',
    clock,
    onMessage: (message) => {
      contract.parse(message);
      running.messages.push(message);
      for (const ask of waiting) ask();
    },
    onOutput: (_stream, text) => {
      running.output += text;
      for (const ask of waiting) ask();
    },
  });
  onTestFinished(() => running.process.stop('test is over', { hard: true }));
  return running;
}

export interface Finished {
  end: RunEnd;
  messages: ReporterMessage[];
  output: string;
  attempts: LocalAttempt[];
  settled: SettledTest[];
  /** Errors outside tests. */
  errors: string[];
}

export async function finish(running: Running): Promise<Finished> {
  const end = await running.process.done;
  const { messages, output } = running;
  return {
    end,
    messages,
    output,
    attempts: messages.flatMap((message) => (message.type === 'attempt' ? [message.attempt] : [])),
    settled: messages.flatMap((message) => (message.type === 'settled' ? message.tests : [])),
    errors: messages.flatMap((message) => (message.type === 'error' ? [message.error.message] : [])),
  };
}

export async function run(suiteDir: string, suiteRun: SuiteRun): Promise<Finished> {
  return finish(await start(suiteDir, suiteRun));
}

export async function discover(
  suiteDir: string,
  args: string[] = [],
  env: Record<string, string> = {},
): Promise<Discovery> {
  const childEnv = childEnvironment({ base: process.env, run: env, platform: process.platform });
  return discoverSuite({ suiteDir, user: agentsUser, args, env: childEnv, port: 41_000 });
}

/** `[project] titles` of each test, by id. */
export function names({ tests }: Pick<Discovery, 'tests'>): Map<string, string> {
  return new Map(
    tests.map((test) => [test.id, `${test.project ? `[${test.project}] ` : ''}${test.titlePath.join(' › ')}`]),
  );
}
