/** What one updater knows and says at this moment. Its steps share it: looking, loading, installing, and what comes of a trial. */
import type { UpdateFacts } from '../../shared/model/update-policy.ts';
import type { UpdateStatus } from '../../shared/protocol/update.ts';
import type { Offer } from './feed.ts';
import type { UpdaterOptions } from './options.ts';
import { Shelf } from './shelf.ts';
import type { StateFile } from './state-file.ts';

export class Situation {
  readonly options: UpdaterOptions;
  /** What is still known after a restart. */
  readonly state: StateFile;
  readonly shelf: Shelf;
  /** Aborted when the program ends. */
  readonly stopping = new AbortController();
  /** What the feed offers to this machine, by the last look. */
  offer: Offer | null = null;
  downloads = { failed: 0, lastAt: null as number | null };
  /** By the owner, and not done yet. */
  asked: UpdateFacts['asked'] = null;
  readonly #startedAt: number;
  #status: UpdateStatus;
  #isOver = false;

  constructor(options: UpdaterOptions, state: StateFile) {
    this.options = options;
    this.state = state;
    this.shelf = new Shelf(options.folder);
    this.#startedAt = options.clock.now();
    const canVerify = options.keys.length > 0;
    this.#status = {
      state: canVerify ? 'idle' : 'unsupported',
      version: null,
      percent: null,
      waitingFor: null,
      problem: canVerify ? null : 'this build knows no publisher, so it takes no updates: install new versions by hand',
      checkedAt: state.now.lastCheckAt,
    };
  }

  get status(): UpdateStatus {
    return this.#status;
  }

  /** Another version is in this one's place: nothing more is done here. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** For what is done next (shared/model/update-policy.ts). */
  facts(): UpdateFacts {
    const { version: running, clock, jitter, installer, machine, automatic } = this.options;
    const { isShutOut, ...around } = machine();
    const { lastCheckAt, failedChecks, postponedUntil, installRetryAt, loaded, trial } = this.state.now;
    const version = this.offer?.manifest.version;
    return {
      now: clock.now(),
      startedAt: this.#startedAt,
      jitter,
      lastCheckAt,
      failedChecks,
      automatic: automatic(),
      offer:
        version === undefined
          ? null
          : { version, failedDownloads: this.downloads.failed, lastDownloadAt: this.downloads.lastAt },
      loadedAt: version !== undefined && loaded?.version === version ? loaded.at : null,
      cannotInstall: installer.cannot,
      postponedUntil,
      installRetryAt,
      asked: this.asked,
      isShutOut,
      isOnTrial: trial?.version === running,
      machine: around,
    };
  }

  tell(change: Partial<UpdateStatus>): void {
    const next = { ...this.#status, ...change };
    if (JSON.stringify(next) === JSON.stringify(this.#status)) return;
    this.#status = next;
    this.options.onStatus(next);
  }

  fail(error: unknown): void {
    this.tell({
      state: 'failed',
      problem: messageOf(error),
      waitingFor: null,
      percent: null,
      checkedAt: this.state.now.lastCheckAt,
    });
  }

  end(why: string): void {
    this.#isOver = true;
    this.options.end(why);
  }
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
