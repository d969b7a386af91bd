import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { systemClock, type Clock } from '../../../shared/base/clock.ts';
import { discovery as discoverySchema, type Discovery } from '../../../shared/protocol/playwright.ts';
import type { TestUser } from '../test-user.ts';
import { bundled } from './bundled.ts';
import { PORT } from './reporter/ports.ts';
import { resolvePlaywright } from './resolve-playwright.ts';
import { runProgram } from './run-program.ts';

export interface DiscoverOptions {
  /** The suite's folder: where its package.json and config are found, and the working folder of the process. */
  suiteDir: string;
  /** Config file relative to suiteDir, where it is not the default. */
  config?: string | undefined;
  /** The run's own Playwright arguments, accepted by parsePlaywrightArgs. */
  args: string[];
  /** From childEnvironment. */
  env: Record<string, string>;
  /** First of the ports that the process would have: tells whether its webServers follow PLAYFLEET_PORT. */
  port: number;
  /** The Node that runs the suite; this process's own by default. */
  node?: string;
  /** Playwright's `--shard`, to learn what is in it. */
  shard?: { index: number; total: number };
  onOutput?: (stream: 'stdout' | 'stderr', text: string) => void;
  /** As whom it runs. */
  user: TestUser;
  /** Ends the process; the promise then rejects with the signal's reason. */
  signal?: AbortSignal;
  clock?: Clock;
}

/**
 * Loads the suite once, as `playwright test --list` does (globalSetup and webServer do not run), and returns what is in it. Errors of
 * the suite itself (config, syntax, duplicate titles, no tests) come back in `errors`.
 * @throws PlaywrightRefusal where Playwright is not there or cannot be started.
 */
export async function discoverSuite(options: DiscoverOptions): Promise<Discovery> {
  const { suiteDir, shard, config, signal, onOutput, clock = systemClock } = options;
  const playwright = resolvePlaywright(suiteDir);
  let found: unknown = null;
  const end = await runProgram({
    name: 'discover',
    command: options.node ?? process.execPath,
    args: [
      playwright.cli,
      'test',
      ...(config === undefined ? [] : [`--config=${config}`]),
      ...options.args,
      '--list',
      `--reporter=${bundled('discover-reporter.cjs')}`,
      ...(shard ? [`--shard=${shard.index}/${shard.total}`] : []),
    ],
    cwd: suiteDir,
    as: options.user.as,
    env: { ...options.env, [PORT]: String(options.port) },
    onMessages: (messages) => {
      for (const message of messages) if (message.type === 'discovered') found = message.discovery;
    },
    onOutput,
    signal,
    clock,
  });
  if (found !== null) {
    const known = discoverySchema.parse(found);
    // Playwright names its folders by where they really are.
    const testsDir = path
      .relative(await realpath(suiteDir), known.rootDir)
      .split(path.sep)
      .join('/');
    return { ...known, testsDir };
  }
  // A config that does not load ends Playwright before there are reporters; what it printed is then all there is.
  const how = end.signal === null ? `exit code ${end.exitCode}` : `signal ${end.signal}`;
  const message = end.printed.trim() || `Playwright ended with ${how} and no word`;
  return {
    playwrightVersion: playwright.version,
    rootDir: path.resolve(suiteDir),
    projects: [],
    tests: [],
    units: [],
    supportingTestIds: [],
    webServer: { present: false, fixedPorts: false },
    errors: [{ message }],
  };
}
