/** Looks at the suite in this folder: its Playwright, and which browsers that really launches here. */
import path from 'node:path';
import process from 'node:process';
import { browserName } from '../../../shared/protocol/work.ts';
import { childEnvironment } from '../../agent/playwright/env.ts';
import { firstLine, missingPath, probeBrowsers, type Probes } from '../../agent/playwright/probe-browsers.ts';
import {
  PlaywrightRefusal,
  resolvePlaywright,
  supportsQueue,
  type SuitePlaywright,
} from '../../agent/playwright/resolve-playwright.ts';
import { runnable, systemPrograms } from '../../agent/playwright/system-browser.ts';
import { BundleError } from '../../bundle/errors.ts';
import { findProject } from '../../bundle/find-project.ts';
import type { Cli } from '../cli.ts';
import { messageOf } from '../failure.ts';
import { failed, ok, skipped, type Finding } from './check.ts';
import { agentsUser } from '../../agent/test-user.ts';

export async function checkSuite(cli: Cli): Promise<Finding[]> {
  let folder: string;
  try {
    folder = findProject(cli.cwd).folder;
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    return [
      skipped('Suite', 'no Playwright project here'),
      ...(await checkBrowsers(cli, path.dirname(import.meta.dirname))),
    ];
  }
  try {
    const playwright = resolvePlaywright(folder);
    const finding = supportsQueue(playwright.version)
      ? ok('Suite', `${folder}, Playwright ${playwright.version}`)
      : failed(
          'Suite',
          `Playwright ${playwright.version} is too old to be fed test by test`,
          'Update @playwright/test to 1.45 or newer, or use: playfleet run --shards N',
        );
    return [finding, ...(await checkBrowsers(cli, folder))];
  } catch (error) {
    if (!(error instanceof PlaywrightRefusal)) throw error;
    return [
      failed(
        'Suite',
        error.message,
        'Install its dependencies (npm ci), or add them to package.json. Workers install them by the lock file themselves.',
      ),
    ];
  }
}

/** By the Playwright that `folder` finds: the suite's, or the one that came with this program. */
async function checkBrowsers(cli: Cli, folder: string): Promise<Finding[]> {
  let playwright: SuitePlaywright;
  let probes: Probes;
  try {
    playwright = resolvePlaywright(folder);
    const env = childEnvironment({ base: cli.config.variables, platform: process.platform });
    const names = browserName.options;
    probes = await probeBrowsers(
      {
        playwright,
        user: agentsUser,
        env,
        dataDir: cli.config.cacheDir,
        install: [],
        allowSystemBrowser: false,
        onOutput: () => undefined,
      },
      names,
      env,
    );
  } catch (error) {
    return [failed('Browsers', firstLine(messageOf(error)), 'Install the dependencies anew (npm ci).')];
  }
  const system = await runnable(systemPrograms(process.platform).chromium);
  const some = browserName.options.some((name) => probes[name]?.ok);
  return browserName.options.map((name) => {
    const probe = probes[name];
    if (probe?.ok) return ok(name, probe.version);
    const why = probe && missingPath(probe.error) === null ? firstLine(probe.error) : 'not installed';
    if (name === 'chromium' && system[0] !== undefined)
      return ok(name, `${why}; ${system[0]} serves a worker with --allow-system-browser`);
    // One browser is enough for many teams: the others are only told of.
    return some || system.length > 0
      ? skipped(name, why)
      : failed(name, why, `npx playwright@${playwright.version} install ${name}`);
  });
}
