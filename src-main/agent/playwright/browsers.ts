import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { systemClock, type Clock } from '../../../shared/base/clock.ts';
import { browserName, type BrowserName } from '../../../shared/protocol/work.ts';
import type { TestUser } from '../test-user.ts';
import type { ProbeResult } from './browser-probe.ts';
import { readProof, writeProof } from './browser-proof.ts';
import { firstLine, missingPath, probeBrowsers } from './probe-browsers.ts';
import type { SuitePlaywright } from './resolve-playwright.ts';
import { runProgram } from './run-program.ts';
import { standIn } from './stand-in.ts';
import { systemPrograms } from './system-browser.ts';

export interface BrowserOptions {
  /** From resolvePlaywright of the suite, or of our own folder while no suite is known. */
  playwright: SuitePlaywright;
  /** The agent's data folder; `browsers/` in it is this module's. */
  dataDir: string;
  /** From childEnvironment: decides with PLAYWRIGHT_BROWSERS_PATH where Playwright looks and installs. */
  env: Record<string, string>;
  /** As whom they are fetched and tried. */
  user: TestUser;
  /** The Node that runs the suite; this process's own by default. */
  node?: string;
  /** Browsers to fetch with `playwright install` where they are missing; [] where the owner does not allow it. */
  install: BrowserName[];
  /** Whether the system's Chromium or Chrome may stand in for Playwright's. */
  allowSystemBrowser: boolean;
  /** What installing prints. */
  onOutput: (text: string) => void;
  signal?: AbortSignal;
  clock?: Clock;
}

export interface FoundBrowsers {
  /** Each was launched here by this Playwright version. */
  browsers: Partial<Record<BrowserName, { version: string; how: 'playwright' | 'system' }>>;
  /** Why the others are not there, and the mend, for people. */
  missing: Partial<Record<BrowserName, string>>;
  /** Why pages cannot be filmed (tests with `video` fail then); null where they can, or no browser is there. */
  videoMissing: string | null;
  /** To be added to the environment of Playwright processes. */
  env: Record<string, string>;
}

const ALL = browserName.options;
const INSTALL_MS = 600_000;
/** A browser that could not be fetched is not asked for again with every task. */
const INSTALL_AGAIN_MS = 3_600_000;

/** By data folder, version and browser: when it last could not be fetched, and why. */
const installFailures = new Map<string, { at: number; why: string }>();
const turns = new Map<string, Promise<unknown>>();

/**
 * Finds out which browsers a Playwright version really launches on this machine: its own, fetched on demand, or the system's Chromium
 * behind scripts at the paths where this version looks. What was found is kept on disk until an executable changes. Calls for one
 * version wait for each other.
 */
export async function findBrowsers(options: BrowserOptions): Promise<FoundBrowsers> {
  const folder = path.join(options.dataDir, 'browsers', options.playwright.version);
  const before = turns.get(folder) ?? Promise.resolve();
  const turn = before.then(() => find(options, folder));
  turns.set(
    folder,
    turn.catch(() => undefined),
  );
  return turn;
}

async function find(options: BrowserOptions, folder: string): Promise<FoundBrowsers> {
  const { playwright, env, install, allowSystemBrowser } = options;
  const asked = JSON.stringify([playwright.coreDir, env.PLAYWRIGHT_BROWSERS_PATH, allowSystemBrowser]);
  const known = await readProof(folder, asked);
  if (known && !install.some((name) => !known.browsers[name] && mayInstall(options, name))) return known;

  let own = await probeBrowsers(options, ALL, env);
  const fetched = install.filter((name) => !own[name]?.ok && mayInstall(options, name));
  if (fetched.length > 0) {
    await installBrowsers(options, fetched);
    own = { ...own, ...(await probeBrowsers(options, fetched, env)) };
  }
  const found: FoundBrowsers = { browsers: {}, missing: {}, videoMissing: null, env: {} };
  for (const name of ALL) note(found, name, own[name], 'playwright', options);
  const expected = Object.values(own).map((each) => each.executable);
  if (!found.browsers.chromium && allowSystemBrowser) {
    const registry = path.join(folder, 'registry');
    const system = await standIn(options, registry, registryOf(expected));
    if (typeof system === 'string') found.missing.chromium += `; ${system}`;
    else {
      note(found, 'chromium', system, 'system', options);
      found.env = { PLAYWRIGHT_BROWSERS_PATH: registry };
      expected.push(system.executable);
    }
  }
  const { chromium, ffmpeg } = systemPrograms(process.platform);
  await mkdir(folder, { recursive: true });
  await writeProof(folder, asked, found, [...expected, ...chromium, ...ffmpeg]);
  return found;
}

function note(
  found: FoundBrowsers,
  name: BrowserName,
  result: ProbeResult | undefined,
  how: 'playwright' | 'system',
  options: BrowserOptions,
): void {
  if (result?.ok) {
    found.browsers[name] = { version: result.version, how };
    delete found.missing[name];
    if (result.videoError !== '') found.videoMissing = firstLine(result.videoError);
    return;
  }
  const { version } = options.playwright;
  const failure = installFailures.get(failureKey(options, name));
  const why = result && missingPath(result.error) === null ? firstLine(result.error) : 'not installed';
  const mend = failure
    ? `could not be fetched: ${failure.why}`
    : `run \`npx playwright@${version} install ${name}\` on this machine`;
  found.missing[name] = `${name} for Playwright ${version}: ${why}; ${mend}`;
}

function failureKey({ dataDir, playwright }: BrowserOptions, name: BrowserName): string {
  return [dataDir, playwright.version, name].join('\n');
}

function mayInstall(options: BrowserOptions, name: BrowserName): boolean {
  const { clock = systemClock } = options;
  const failure = installFailures.get(failureKey(options, name));
  return !failure || clock.monotonic() - failure.at > INSTALL_AGAIN_MS;
}

async function installBrowsers(options: BrowserOptions, names: BrowserName[]): Promise<void> {
  const { playwright, node = process.execPath, env, onOutput, signal, clock = systemClock } = options;
  const end = await runProgram({
    name: 'install-browsers',
    command: node,
    args: [playwright.cli, 'install', ...names],
    cwd: playwright.coreDir,
    as: options.user.as,
    env,
    onOutput: (_stream, text) => onOutput(text),
    signal,
    timeoutMs: INSTALL_MS,
    clock,
  });
  for (const name of names) installFailures.delete(failureKey(options, name));
  if (end.exitCode === 0) return;
  const lines = end.printed.split('\n');
  const error = lines.find((line) => line.startsWith('Error:')) ?? lines.at(-1) ?? '';
  const why = end.timedOut ? `not done within ${INSTALL_MS / 60_000} minutes` : firstLine(error);
  for (const name of names) installFailures.set(failureKey(options, name), { at: clock.monotonic(), why });
}

/** The folder with all browsers of a machine, from where any of them would be. */
function registryOf(executables: string[]): string | null {
  for (const file of executables) {
    const match = /^(.*)[/\\](chromium|firefox|webkit)[-_][^/\\]+[/\\]/.exec(file);
    if (match?.[1] !== undefined) return match[1];
  }
  return null;
}
