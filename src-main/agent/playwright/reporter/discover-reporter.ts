/**
 * The reporter of a discovery: runs under `playwright test --list` and sends the suite as Playwright loaded it. Bundled to
 * dist/discover-reporter.cjs; runs on the suite's Node (18 and newer).
 */
import type { FullConfig, Reporter, Suite, TestError } from '@playwright/test/reporter';
import type { DiscoveredProject, Discovery } from '../../../../shared/protocol/playwright.ts';
import { toError } from './attempt.ts';
import { Channel } from './channel.ts';
import { clip } from './clip.ts';
import { focus } from './focus.ts';
import { modeOf, webServersOf, type AnyTestRun, type Mode } from './internals.ts';
import { fixedPorts, PORT } from './ports.ts';
import { planned, projectName, testsOf } from './suites.ts';
import { unitsOf } from './units.ts';

class DiscoverReporter implements Reporter {
  readonly #channel = new Channel(process);
  readonly #errors: TestError[] = [];
  #modes = new Map<Suite, Mode>();
  #loaded: { config: FullConfig; suite: Suite } | null = null;

  printsToStdio(): boolean {
    return false;
  }

  async preprocess({ suite, testRun }: { suite: Suite; testRun: AnyTestRun }): Promise<void> {
    const note = (each: Suite) => {
      this.#modes.set(each, modeOf(each, testRun));
      each.suites.forEach(note);
    };
    note(suite);
    // A run drops what `.only` leaves out before it cuts shards, so it must be gone here too.
    const { tests, supporting } = focus(suite);
    for (const project of [...suite.suites].filter((each) => !supporting.has(each))) {
      for (const test of project.allTests()) {
        if (!tests.has(test)) testRun.exclude(test);
      }
    }
  }

  onBegin(config: FullConfig, suite: Suite): void {
    this.#loaded = { config, suite };
  }

  onError(error: TestError): void {
    this.#errors.push(error);
  }

  async onEnd(): Promise<void> {
    if (!this.#loaded) return;
    const { config, suite } = this.#loaded;
    this.#channel.send({ type: 'discovered', discovery: this.#describe(config, suite) });
    await this.#channel.flush();
  }

  #describe(config: FullConfig, root: Suite): Discovery {
    const { tests, supporting } = focus(root);
    const own = new Set([...tests].map((test) => test.parent.project()));
    const projects = root.suites.filter((suite) => supporting.has(suite) || own.has(suite.project()));
    const servers = webServersOf(config, root);
    return {
      playwrightVersion: clip(config.version, 100),
      rootDir: config.rootDir,
      projects: projects.map((suite) => toProject(suite, supporting.has(suite))),
      tests: [...testsOf(supporting), ...tests].map((test) => planned(test, config.rootDir)),
      units: unitsOf(tests, config.rootDir, (suite) => this.#modes.get(suite) ?? modeOf(suite, null)),
      supportingTestIds: testsOf(supporting).map((test) => test.id),
      webServer: { present: servers.length > 0, fixedPorts: fixedPorts(servers, Number(process.env[PORT])) },
      errors: this.#errors.slice(0, 1000).map((error) => {
        const { message, location } = toError(error, config.rootDir);
        return { message: clip(message, 100_000), ...(location ? { location } : {}) };
      }),
    };
  }
}

/** Options of `use` that decide which browser a project needs. */
interface BrowserUse {
  browserName?: string;
  defaultBrowserType?: string;
  channel?: string;
  connectOptions?: unknown;
  launchOptions?: { channel?: string; executablePath?: string };
}

function toProject(suite: Suite, supporting: boolean): DiscoveredProject {
  const project = suite.project();
  const use = (project?.use ?? {}) as BrowserUse;
  const channel = use.channel ?? use.launchOptions?.channel;
  return {
    name: projectName(suite),
    dependencies: (project?.dependencies ?? []).slice(0, 100).map((name) => clip(name, 500)),
    teardown: project?.teardown === undefined ? null : clip(project.teardown, 500),
    supporting,
    browser: browserOf(use),
    channel: channel === undefined ? null : clip(channel, 100),
  };
}

function browserOf(use: BrowserUse): DiscoveredProject['browser'] {
  // A browser elsewhere, or one that the suite brings itself, asks nothing of this machine.
  if (use.connectOptions || use.launchOptions?.executablePath) return null;
  const name = use.browserName ?? use.defaultBrowserType ?? 'chromium';
  return name === 'chromium' || name === 'firefox' || name === 'webkit' ? name : null;
}

export default DiscoverReporter;
