import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** The Playwright that a suite brings. All paths absolute. */
export interface SuitePlaywright {
  version: string;
  /** Started with `node <cli> test …`; calling it through npx costs 1.8 times as much. */
  cli: string;
  /** The folder of its playwright-core, which launches and installs browsers. */
  coreDir: string;
}

/** Why Playwright cannot be started as asked, for the person who started the run; the same on every machine unless `local`. */
export class PlaywrightRefusal extends Error {
  override readonly name = 'PlaywrightRefusal';
  readonly code: 'noPlaywright' | 'tooOld' | 'badInstallation' | 'cannotStart';

  constructor(code: PlaywrightRefusal['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** @throws PlaywrightRefusal where the suite has no Playwright Test installed. */
export function resolvePlaywright(suiteDir: string): SuitePlaywright {
  const require = createRequire(path.join(path.resolve(suiteDir), 'package.json'));
  const packageFile =
    tryResolve(require, '@playwright/test/package.json') ?? tryResolve(require, 'playwright/package.json');
  if (!packageFile) {
    throw new PlaywrightRefusal(
      'noPlaywright',
      `the suite in ${suiteDir} has no @playwright/test: add it to its package.json`,
    );
  }
  const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };
  const core = coreOf(packageFile);
  if (!core) {
    throw new PlaywrightRefusal(
      'badInstallation',
      `${path.dirname(packageFile)} has no playwright-core: install the suite's dependencies anew`,
    );
  }
  return { version, cli: path.join(path.dirname(packageFile), 'cli.js'), coreDir: path.dirname(core) };
}

/** Queue runs are tried with 1.45, 1.56, 1.61 and the newest; older ones differ in what blob reports hold. */
export const supportsQueue = (version: string): boolean => isAtLeast(version, 45);

/** Reporter.preprocess and TestRun.exclude are public since 1.62. */
export const canExclude = (version: string): boolean => isAtLeast(version, 62);

function isAtLeast(version: string, wanted: number): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 1 || (major === 1 && minor >= wanted);
}

/** @test depends on playwright, which depends on playwright-core: each is found from the one before, as strict installers demand. */
function coreOf(packageFile: string): string | null {
  const require = createRequire(packageFile);
  const direct = tryResolve(require, 'playwright-core/package.json');
  if (direct) return direct;
  const runner = tryResolve(require, 'playwright/package.json');
  return runner ? tryResolve(createRequire(runner), 'playwright-core/package.json') : null;
}

function tryResolve(require: NodeJS.Require, id: string): string | null {
  try {
    return require.resolve(id);
  } catch {
    return null;
  }
}
