/** A machine with a program that updates itself: its version, its disk and its clock are the test's, all else is the real updater. */
import { readFile } from 'node:fs/promises';
import type { Clock } from '../../shared/base/clock.ts';
import type { UpdateFacts } from '../../shared/model/update-policy.ts';
import type { UpdateStatus } from '../../shared/protocol/update.ts';
import type { FeedSource } from '../../src-main/updater/http.ts';
import type { CheckedPackage, Installer } from '../../src-main/updater/install/installer.ts';
import { Updater } from '../../src-main/updater/updater.ts';

export interface MachineOptions {
  folder: string;
  keys: readonly string[];
  source: FeedSource;
  clock: Clock;
  version?: string;
  machineId?: string;
  channel?: string;
  /** In place of one that takes over the package's version. */
  installer?: Installer;
}

export class UpdatedMachine {
  /** What runs at the next start. */
  installed: string;
  readonly installs: { version: string; bytes: Buffer }[] = [];
  readonly log: string[] = [];
  readonly held: (string | null)[] = [];
  /** Why its program was ended, each time. */
  readonly ends: string[] = [];
  around: UpdateFacts['machine'] & { isShutOut: boolean } = {
    running: 0,
    isMetered: false,
    isWatched: false,
    hoursBeganAt: null,
    hoursBeginAt: null,
    isShutOut: false,
  };
  automatic = true;
  /** The installer fails with it. */
  installFailure: string | null = null;
  /** What `ownPackage` names. */
  ownPackage: string | null = null;
  updater: Updater | null = null;
  #options: MachineOptions;

  constructor(options: MachineOptions) {
    this.#options = options;
    this.installed = options.version ?? '1.0.0';
  }

  get status(): UpdateStatus {
    if (this.updater === null) throw new Error('the program does not run');
    return this.updater.status;
  }

  /** Where it looks from now on. */
  follow(change: Partial<MachineOptions>): void {
    this.#options = { ...this.#options, ...change };
  }

  /** Starts its program; null where another version was put in its place at once. */
  async boot(): Promise<Updater | null> {
    await this.updater?.stop();
    const { folder, keys, clock, machineId = 'machine-1', channel = 'stable' } = this.#options;
    const log = (_fields: object, text: string): void => void this.log.push(text);
    this.updater = await Updater.open({
      version: this.installed,
      folder,
      keys,
      source: () => this.#options.source,
      channel: () => channel,
      automatic: () => this.automatic,
      platform: 'linux',
      arch: 'x64',
      machineId: () => machineId,
      jitter: 0,
      installer: this.#options.installer ?? this.#installer(),
      machine: () => this.around,
      hold: (how) => void this.held.push(how),
      end: (why) => void this.ends.push(why),
      onStatus: () => undefined,
      clock,
      log: { info: log, warn: log },
    });
    return this.updater;
  }

  #installer(): Installer {
    return {
      format: 'deb',
      cannot: null,
      ownPackage: async () => this.ownPackage,
      install: async ({ file, version }: CheckedPackage) => {
        if (this.installFailure !== null) throw new Error(this.installFailure);
        this.installs.push({ version, bytes: await readFile(file) });
        this.installed = version;
      },
    };
  }
}
