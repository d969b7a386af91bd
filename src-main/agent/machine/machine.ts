/** What this machine can do, as the coordinator hears it: detected once, and again where a suite's Playwright brings a browser along. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../../../shared/base/clock.ts';
import type { BrowserName, Capabilities } from '../../../shared/protocol/work.ts';
import type { Log } from '../log.ts';
import { findBrowsers, type FoundBrowsers } from '../playwright/browsers.ts';
import { childEnvironment } from '../playwright/env.ts';
import { PlaywrightRefusal, resolvePlaywright, type SuitePlaywright } from '../playwright/resolve-playwright.ts';
import type { TestUser } from '../test-user.ts';
import { detectMachine } from './detect.ts';

export interface MachineOptions {
  dataDir: string;
  /** The agent's own environment, and what marks all that it starts. */
  environment: Readonly<Record<string, string | undefined>>;
  /** As whom browsers are fetched and tried. */
  user: TestUser;
  mark: Readonly<Record<string, string>>;
  allowSystemBrowser: boolean;
  /** Browsers may be fetched. */
  allowInstall: boolean;
  clock: Clock;
  log: Log;
}

export class Machine {
  readonly #options: MachineOptions;
  #capabilities: Capabilities;
  readonly #listeners = new Set<() => void>();

  static async detect(options: MachineOptions): Promise<Machine> {
    const env = environmentOf(options);
    const machine = new Machine(options, await detectMachine({ folder: options.dataDir, env, log: options.log }));
    await machine.#findOwn([]);
    return machine;
  }

  private constructor(options: MachineOptions, capabilities: Capabilities) {
    this.#options = options;
    this.#capabilities = capabilities;
  }

  /** Calls `fn` when a browser has come, until what it returns is called. */
  onChange(fn: () => void): () => void {
    this.#listeners.add(fn);
    return () => this.#listeners.delete(fn);
  }

  get capabilities(): Capabilities {
    return this.#capabilities;
  }

  /** A machine without any browser fetches the most used one, where its owner allows it. */
  async fetchFirstBrowser(): Promise<void> {
    if (this.#options.allowInstall && Object.keys(this.#capabilities.browsers).length === 0)
      await this.#findOwn(['chromium']);
  }

  /** Browsers of a suite's Playwright. What was promised to the coordinator and what is `needed` is fetched where it is missing. */
  async browsersFor(
    playwright: SuitePlaywright,
    needed: BrowserName[],
    onLine: (line: string) => void,
    signal: AbortSignal,
  ): Promise<FoundBrowsers> {
    const promised = Object.keys(this.#capabilities.browsers) as BrowserName[];
    const wanted = [...new Set([...promised, ...needed])];
    const found = await this.#find(playwright, wanted, onLine, signal);
    for (const name of wanted) if (found.missing[name] !== undefined) onLine(found.missing[name]);
    this.#learn(found);
    return found;
  }

  async #findOwn(install: BrowserName[]): Promise<void> {
    const { log } = this.#options;
    const here = path.dirname(fileURLToPath(import.meta.url));
    try {
      const found = await this.#find(resolvePlaywright(here), install, (line) => log.info(line), undefined);
      this.#learn(found);
    } catch (error) {
      if (!(error instanceof PlaywrightRefusal)) throw error;
      log.warn(`browsers are looked for with the first suite: ${error.message}`);
    }
  }

  async #find(
    playwright: SuitePlaywright,
    install: BrowserName[],
    onLine: (line: string) => void,
    signal: AbortSignal | undefined,
  ): Promise<FoundBrowsers> {
    const { dataDir, allowSystemBrowser, user, clock } = this.#options;
    return findBrowsers({
      user,
      playwright,
      dataDir,
      env: environmentOf(this.#options),
      install: this.#options.allowInstall ? install : [],
      allowSystemBrowser,
      onOutput: (text) => onLine(text.trimEnd()),
      clock,
      ...(signal && { signal }),
    });
  }

  #learn({ browsers, missing }: FoundBrowsers): void {
    const before = this.#capabilities;
    const all = { ...browsers, ...before.browsers };
    const isNew = Object.keys(all).length > Object.keys(before.browsers).length;
    const stillMissing = Object.entries({ ...before.missing_browsers, ...missing }).filter(([name]) => !(name in all));
    this.#capabilities = {
      ...before,
      browsers: all,
      missing_browsers: Object.fromEntries(stillMissing.map(([name, why]) => [name, why.slice(0, 2000)])),
    };
    if (isNew) for (const listener of this.#listeners) listener();
  }
}

function environmentOf({ environment, mark }: MachineOptions): Record<string, string> {
  return { ...childEnvironment({ base: environment, platform: process.platform }), ...mark };
}
