/** The updater (src-main/updater), as the app asks for it: it takes updates from its coordinator, and puts them in place when nothing runs. */
import path from 'node:path';
import type { Clock } from '../../../shared/base/clock.ts';
import type { UpdateFacts } from '../../../shared/model/update-policy.ts';
import type { Preferences } from '../../../shared/protocol/desktop/state.ts';
import type { FeedSource } from '../../updater/http.ts';
import type { Installer } from '../../updater/install/installer.ts';
import { Updater } from '../../updater/updater.ts';
import type { Updating } from './ports.ts';

/** What an updater must know of the app. Asked again and again; before the app has begun there is nothing to disturb. */
export interface UpdatedApp {
  version: string;
  /** Absolute, its own. */
  folder: string;
  machine: () => UpdateFacts['machine'] & { isShutOut: boolean };
  /** Of the active coordinator; null: there is none. */
  source: (channel: string) => Promise<FeedSource | null>;
  preferences: () => Preferences['updates'];
  machineId: string;
  /** drain: nothing new; give_back: what runs goes back, too; null: as usual. */
  hold: (how: 'drain' | 'give_back' | null) => void;
  /** Ends the app, which then leaves by `Updating.leave`. */
  end: () => void;
  clock: Clock;
  note: (text: string) => void;
}

export interface UpdatingOptions {
  app: UpdatedApp;
  installer: Installer;
  keys: readonly string[];
  jitter: number;
  platform: string;
  arch: string;
  /** Ends the app in the way in which the installed package takes its place; null: it does not end by itself. */
  leave: () => boolean;
}

/** A version that runs so long has come to work. */
const WORKS_AFTER_MS = 30_000;

/** null: the version before was put back in this one's place, and the app is to end. */
export async function createUpdating(options: UpdatingOptions): Promise<Updating | null> {
  const { app, installer, keys, jitter, platform, arch, leave } = options;
  const { clock, note, preferences } = app;
  // The updater asks for it at once; whose it is may have to be read.
  let source: FeedSource | null = null;
  // What became of the last installation is told while this is still being opened.
  const made: { updating?: Updating } = {};
  const log = (fields: object, text: string): void => note(`${text} ${JSON.stringify(fields)}`);
  const updater = await Updater.open({
    version: app.version,
    folder: path.join(app.folder, 'updates'),
    keys,
    source: () => source,
    channel: () => preferences().channel,
    automatic: () => preferences().automatic,
    platform,
    arch,
    machineId: () => app.machineId,
    jitter,
    installer,
    machine: app.machine,
    hold: (how) => app.hold(how),
    end: () => app.end(),
    onStatus: () => made.updating?.onChange(),
    clock,
    log: { info: log, warn: log },
  });
  if (updater === null) return null;
  const look = async (): Promise<void> => {
    source = await app.source(preferences().channel);
  };
  const updating: Updating = {
    get state() {
      return updater.status;
    },
    onChange: () => undefined,
    start() {
      clock.after(WORKS_AFTER_MS, () => void updater.startedWell());
      void look().then(() => updater.start());
    },
    wake: () => void look().then(() => updater.wake()),
    async check() {
      await look();
      await updater.check();
    },
    async install(now) {
      await look();
      await updater.install({ now });
    },
    stop: () => void updater.stop(),
    leave,
  };
  made.updating = updating;
  return updating;
}
