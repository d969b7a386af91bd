/** The updater of a worker without a desktop: asks its coordinator, and installs by the owner's command. */
import path from 'node:path';
import type { Clock } from '../../shared/base/clock.ts';
import type { UpdateFacts } from '../../shared/model/update-policy.ts';
import type { PackageFormat } from '../../shared/protocol/update.ts';
import type { AgentConfig } from '../agent/config.ts';
import { AgentError, EXIT } from '../agent/errors.ts';
import { commandInstaller } from './install/command.ts';
import { PINNED_KEYS, readKeyFile } from './keys.ts';
import type { UpdaterLog } from './options.ts';
import { Updater } from './updater.ts';

/** A worker as its updater sees it. */
export interface UpdatedWorker {
  readonly standing: {
    running: number;
    isTooOld: boolean;
    /** As far as its owner lets it look at that. */
    isMetered: boolean;
    coordinator: { url: string; pin: string | null; apiKey: string };
    machineId: string;
    hours: Pick<UpdateFacts['machine'], 'hoursBeganAt' | 'hoursBeginAt'>;
  };
  onTooOld: () => void;
  holdBack(reason: string | null): void;
  drain(reason: string, withinMs: number | null): void;
}

/** What is installed on machines without a desktop. */
const FORMATS: Partial<Record<NodeJS.Platform, PackageFormat>> = { linux: 'deb', darwin: 'zip', win32: 'exe' };
/** A version that runs so long has come to work. */
const WORKS_AFTER_MS = 10_000;

export class WorkerUpdater {
  /** Another version is in this one's place: the process ends with EXIT.updated. */
  isReplaced = false;
  readonly #updater: Updater | null;
  readonly #clock: Clock;
  readonly #onAttend: (worker: UpdatedWorker) => void;

  /** Before the worker starts. */
  static async open(config: AgentConfig, version: string, log: UpdaterLog, clock: Clock): Promise<WorkerUpdater> {
    // Where another program updates this one: the desktop app its worker.
    if (!config.updates) return new WorkerUpdater(null, clock, () => undefined);
    const keys = config.updateKeys === undefined ? PINNED_KEYS : readKeys(config.updateKeys);
    const made: { one?: WorkerUpdater; worker?: UpdatedWorker } = {};
    const worker = (): UpdatedWorker | undefined => made.worker;
    const updater = await Updater.open({
      version,
      folder: path.join(config.dataDir, 'updates'),
      keys,
      source: () => {
        const standing = worker()?.standing;
        if (!standing) return null;
        const { url, pin, apiKey } = standing.coordinator;
        const headers = (): Record<string, string> => ({ authorization: `Bearer ${apiKey}` });
        return { url: `${url}/api/v1/updates/feed/${config.updateChannel}`, pin, headers };
      },
      channel: () => config.updateChannel,
      automatic: () => true,
      platform: process.platform,
      arch: process.arch,
      machineId: () => worker()?.standing.machineId ?? config.name,
      jitter: Math.random(),
      installer: commandInstaller({
        command: config.updateCommand ?? null,
        format: config.updatePackage ?? FORMATS[process.platform] ?? 'tar.gz',
        environment: config.environment,
      }),
      machine: () => {
        const {
          running = 0,
          isTooOld = false,
          isMetered = false,
          hours = { hoursBeganAt: null, hoursBeginAt: null },
        } = worker()?.standing ?? {};
        return { running, isMetered, isWatched: false, ...hours, isShutOut: isTooOld };
      },
      hold: (how, reason) => worker()?.holdBack(how === null ? null : reason),
      end: (why) => {
        if (made.one) made.one.isReplaced = true;
        worker()?.drain(why, null);
      },
      onStatus: ({ state, version: offered, waitingFor }) => {
        if (state === 'available' && waitingFor !== null) log.info({ version: offered }, waitingFor);
      },
      clock,
      log,
    });
    made.one = new WorkerUpdater(updater, clock, (attended) => (made.worker = attended));
    made.one.isReplaced = updater === null;
    return made.one;
  }

  private constructor(updater: Updater | null, clock: Clock, onAttend: (worker: UpdatedWorker) => void) {
    this.#updater = updater;
    this.#onAttend = onAttend;
    this.#clock = clock;
  }

  /** The worker has started. */
  attend(worker: UpdatedWorker): void {
    this.#onAttend(worker);
    worker.onTooOld = () => this.#updater?.wake();
    this.#clock.after(WORKS_AFTER_MS, () => void this.#updater?.startedWell());
    this.#updater?.start();
  }

  async stop(): Promise<void> {
    await this.#updater?.stop();
  }
}

function readKeys(file: string): readonly string[] {
  try {
    return readKeyFile(file);
  } catch (error) {
    throw new AgentError(`--update-keys: ${(error as Error).message}`, EXIT.cannotStart, { cause: error });
  }
}
