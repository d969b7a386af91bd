/** From a grant to a running process: workspace, browsers, environment and ports; then Playwright, or the discovery of the suite. */
import type { Clock } from '../../../shared/base/clock.ts';
import type { Held, Report } from '../../../shared/protocol/link.ts';
import type { Discovery } from '../../../shared/protocol/playwright.ts';
import type { BrowserName, Grant, RunSource } from '../../../shared/protocol/work.ts';
import type { FoundBrowsers } from '../playwright/browsers.ts';
import { discoverSuite } from '../playwright/discover.ts';
import { childEnvironment } from '../playwright/env.ts';
import { resolvePlaywright, type SuitePlaywright } from '../playwright/resolve-playwright.ts';
import type { RunEnd, RunMessage } from '../playwright/run-process.ts';
import { WorkspaceError } from '../workspace/errors.ts';
import type { Workspace, Workspaces } from '../workspace/workspaces.ts';
import type { TestUser } from '../test-user.ts';
import { playwrightCall, type PlaywrightCall } from './order.ts';
import { startRun } from './run-job.ts';
import type { Setups } from './setups.ts';
import type { Spares } from './spares.ts';
import { takePorts, type PortBlock } from './ports.ts';

type WithoutHeld<R> = R extends Held ? Omit<R, keyof Held> : never;

export type JobEnd = { kind: 'run'; end: RunEnd } | { kind: 'discover' };

export interface Job {
  /** Resolves when nothing of it is left; rejects where it could not be carried out. */
  done: Promise<JobEnd>;
  /** Asks for tests that have not begun; a message `revoked` answers, unless it ends before. */
  revoke(testIds: string[]): void;
  /** Resolves when nothing of it is left. */
  stop(reason: string, hard: boolean): Promise<void>;
}

export interface JobOptions {
  onMessage: (message: RunMessage) => void;
  onOutput: (stream: 'stdout' | 'stderr', text: string) => void;
  report: (report: WithoutHeld<Report>) => Promise<unknown>;
  /** Tests of the order that were taken back before it started. */
  revoked: ReadonlySet<string>;
  signal: AbortSignal;
}

export interface Prepared {
  start(options: JobOptions): Promise<Job>;
  /** To be called once, when nothing runs any more. */
  release(): Promise<void>;
}

export interface PrepareContext {
  workDir: string;
  signal: AbortSignal;
  onLine: (line: string) => void;
}

export type Preparation = (grant: Grant, context: PrepareContext) => Promise<Prepared>;

export interface JobDependencies {
  workspaces: Workspaces;
  setups: Setups;
  spares: Spares;
  /** As whom suites run. */
  user: TestUser;
  clock: Clock;
  /** The machine's environment as that user sees it. */
  environment: Readonly<Record<string, string | undefined>>;
  /** Marks everything that this agent starts. */
  mark: Readonly<Record<string, string>>;
  /** For grants without a source. */
  projectPath: string | null;
  /** Browsers of a suite's Playwright on this machine; `needed` ones are fetched where they are missing and the owner allows it. */
  browsers: (
    playwright: SuitePlaywright,
    needed: BrowserName[],
    onLine: (line: string) => void,
    signal: AbortSignal,
  ) => Promise<FoundBrowsers>;
}

export interface Ready {
  grant: Grant;
  call: PlaywrightCall;
  workspace: Workspace;
  playwright: SuitePlaywright;
  env: Record<string, string>;
  ports: PortBlock;
  workDir: string;
  /** Is called when the attempt is over. */
  onRelease: (release: () => Promise<void>) => void;
}

export function createPreparation(dependencies: JobDependencies): Preparation {
  const { workspaces, environment, mark, browsers } = dependencies;
  return async (grant, { workDir, signal, onLine }) => {
    const call = playwrightCall(grant);
    if ('problem' in call) throw new WorkspaceError('bad-source', call.problem, { permanent: true });
    const workspace = await workspaces.prepare(sourceOf(grant, dependencies.projectPath), { onLine, signal });
    try {
      const playwright = resolvePlaywright(workspace.project);
      const needed = [...new Set([...(grant.browsers ?? []), ...(call.browser === null ? [] : [call.browser])])];
      const found = await browsers(playwright, needed, onLine, signal);
      // Without them its tests would fail for what is this machine's fault alone; another one may have them.
      const missing = needed.flatMap((name) => found.missing[name] ?? []);
      if (missing.length > 0) throw new WorkspaceError('playwright-missing', missing.join('\n'));
      const env = {
        ...childEnvironment({ base: environment, run: call.env, headed: call.headed, platform: process.platform }),
        ...found.env,
        ...mark,
      };
      const ports = await takePorts();
      const releases: (() => Promise<void>)[] = [];
      const ready = {
        grant,
        call,
        workspace,
        playwright,
        env,
        ports,
        workDir,
        onRelease: (release: () => Promise<void>) => void releases.push(release),
      };
      return {
        start: (options) =>
          grant.work.kind === 'discover'
            ? startDiscovery(ready, options, dependencies)
            : startRun(ready, options, dependencies),
        release: async () => {
          ports.release();
          workspace.release();
          for (const release of releases) await release();
        },
      };
    } catch (error) {
      workspace.release();
      throw error;
    }
  };
}

function sourceOf(grant: Grant, projectPath: string | null): RunSource {
  if (grant.source) return grant.source;
  if (projectPath !== null) return { type: 'path', path: projectPath };
  throw new WorkspaceError(
    'bad-source',
    'the run names no source, and this worker has no suite of its own: start it with PLAYWRIGHT_PROJECT_PATH, or start the run with `playfleet run`',
  );
}

async function startDiscovery(ready: Ready, options: JobOptions, dependencies: JobDependencies): Promise<Job> {
  const { call, workspace, playwright, env, ports } = ready;
  const discover = async (): Promise<JobEnd> => {
    const discovery = await discoverSuite({
      suiteDir: workspace.project,
      config: call.config,
      args: call.args,
      env,
      user: dependencies.user,
      port: ports.first,
      onOutput: options.onOutput,
      signal: options.signal,
      clock: dependencies.clock,
    });
    await options.report({ kind: 'discovered', discovery, commit: workspace.commit });
    // Now it is known what the suite needs: this machine gets it ready, if it may, and says so.
    const needed = browsersOf(discovery);
    if (needed.length > 0)
      await dependencies.browsers(
        playwright,
        needed,
        (line) => options.onOutput('stdout', `${line}\n`),
        options.signal,
      );
    return { kind: 'discover' };
  };
  // The signal ends it.
  return { done: discover(), revoke: () => undefined, stop: async () => undefined };
}

function browsersOf(discovery: Discovery): BrowserName[] {
  return [...new Set(discovery.projects.flatMap(({ browser }) => browser ?? []))];
}
