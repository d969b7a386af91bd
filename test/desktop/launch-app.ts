/** The whole app on the double of Electron, with the real agent, coordinator and Playwright as its children. Knows no test runner. */
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { systemClock, type Clock } from '../../shared/base/clock.ts';
import type { DesktopAnswer, Gives, Takes } from '../../shared/protocol/desktop/api.ts';
import { channelOf, type DesktopAsk } from '../../shared/protocol/desktop/calls.ts';
import type { DesktopProblem, DesktopState } from '../../shared/protocol/desktop/state.ts';
import type { Desktop } from '../../src-main/desktop/core/desktop.ts';
import { createJoining } from '../../src-main/desktop/core/joining.ts';
import { noUpdates } from '../../src-main/desktop/core/not-packaged.ts';
import { runApp, type RunOptions } from '../../src-main/desktop/electron/run.ts';
import { DoubleElectron, type DoubleOptions } from './double/electron.ts';

const root = path.resolve(import.meta.dirname, '../..');

export interface LaunchOptions extends Partial<DoubleOptions> {
  /** Where its data lies; of an app that ran before, to begin where that ended. */
  folder: string;
  argv?: string[];
  clock?: Clock;
  env?: Record<string, string>;
  updating?: RunOptions['updating'];
  joining?: RunOptions['joining'];
  /** An address of loopback where it listens once it is promoted. */
  promotedHost?: string;
}

export class RunningApp {
  readonly electron: DoubleElectron;
  readonly desktop: Desktop;
  readonly folder: string;

  constructor(electron: DoubleElectron, desktop: Desktop, folder: string) {
    this.electron = electron;
    this.desktop = desktop;
    this.folder = folder;
  }

  /** As the page does. Throws where it is refused. */
  async ask<K extends DesktopAsk>(
    name: K,
    ...[argument]: undefined extends Takes<K> ? [] : [Takes<K>]
  ): Promise<Gives<K>> {
    const answer = (await this.electron.invoke(channelOf(name), argument)) as DesktopAnswer<Gives<K>>;
    if (!answer.ok) throw new Error(`${name}: ${answer.problem.code}: ${answer.problem.message}`);
    return answer.value;
  }

  async refusal(name: DesktopAsk, argument?: unknown): Promise<DesktopProblem> {
    const answer = (await this.electron.invoke(channelOf(name), argument)) as DesktopAnswer;
    if (answer.ok) throw new Error(`${name} was not refused`);
    return answer.problem;
  }

  get state(): DesktopState {
    return this.desktop.state;
  }

  log(name: 'app' | 'agent' | 'coordinator' | 'promotion'): string {
    return readFileSync(path.join(this.folder, 'desktop/logs', `${name}.log`), 'utf8');
  }

  /** The API of the active coordinator, as the page reaches it. */
  async api<T>(method: string, at: string, body?: unknown): Promise<T> {
    const init =
      body === undefined
        ? { method }
        : { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const answer = await this.electron.request(`/api/v1${at}`, init);
    if (!answer.ok) throw new Error(`${method} ${at}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  /** Ends it as its person does, at once. */
  async quit(): Promise<void> {
    if (this.electron.exitCode !== null) return;
    await this.desktop.quit('now');
    await this.electron.exited;
  }
}

export async function launchApp({
  folder,
  argv = [],
  clock = systemClock,
  env = {},
  updating = async () => noUpdates(),
  joining = createJoining(systemClock),
  promotedHost = '127.0.0.1',
  ...options
}: LaunchOptions): Promise<RunningApp> {
  const electron = new DoubleElectron({ folder, ...options });
  const { PATH, HOME } = process.env;
  const desktop = await runApp({
    electron: electron.parts,
    argv: ['/opt/Playfleet/playfleet-desktop', ...argv],
    config: {
      programs: {
        node: process.execPath,
        cli: path.join(root, 'dist/playfleet.mjs'),
        env: {
          PATH,
          HOME,
          PLAYFLEET_ALLOW_SYSTEM_BROWSER: 'true',
          PLAYFLEET_INSTALL: 'false',
          PLAYFLEET_ALLOW_PATHS: os.tmpdir(),
          ...env,
        },
      },
      dashboardDir: path.join(root, 'dist/dashboard'),
      iconsDir: path.join(root, 'resources/icons/png'),
      preload: path.join(root, 'dist/desktop/preload.cjs'),
      dataDir: folder,
      promotedHost,
      appImage: null,
      program: '/opt/Playfleet/playfleet-desktop',
      autostartDir: path.join(folder, 'autostart'),
      machine: { name: `laptop-${path.basename(folder).slice(-6)}`, platform: 'linux', arch: 'x64', cpus: 4 },
      timeZone: 'Europe/Amsterdam',
    },
    versions: { electron: '45.4.1', chrome: '150.0', node: '24.0' },
    joining,
    updating,
    clock,
    random: () => 0,
  });
  if (desktop === null) throw new Error(`the app did not begin: ${electron.errors.join() || 'another one runs'}`);
  return new RunningApp(electron, desktop, folder);
}
