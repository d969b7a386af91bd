/**
 * Keeps one program up to date: looks, loads and installs when the policy says so (shared/model/update-policy.ts), believes only what the
 * publisher signed (shared/model/update-trust.ts), and puts the version before back where a new one does not come to work.
 */
import { rm } from 'node:fs/promises';
import type { Clock } from '../../shared/base/clock.ts';
import { compareVersions } from '../../shared/base/version.ts';
import { decideUpdate, type UpdateFacts } from '../../shared/model/update-policy.ts';
import { judgeLate, judgeStart, MOST_INSTALLS, STARTED_WELL_MS } from '../../shared/model/update-trial.ts';
import type { Judged, UpdateKey } from '../../shared/model/update-trust.ts';
import type { UpdateStatus } from '../../shared/protocol/update.ts';
import { downloadPackage } from './download.ts';
import { lookIntoFeed, type Offer } from './feed.ts';
import type { FeedSource } from './http.ts';
import type { Installer } from './install/installer.ts';
import { Shelf } from './shelf.ts';
import { StateFile } from './state-file.ts';

export interface UpdaterLog {
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
}

export interface UpdaterOptions {
  /** Of this program. */
  version: string;
  /** Absolute, its own. */
  folder: string;
  keys: readonly UpdateKey[];
  /** Where updates come from now; null: nowhere yet. */
  source: () => FeedSource | null;
  channel: () => string;
  /** Looking and loading without being asked. */
  automatic: () => boolean;
  platform: string;
  arch: string;
  /** Stable for as long as the machine is the same; decides who is first. */
  machineId: () => string;
  /** 0 ≤ x < 1, one per machine. */
  jitter: number;
  installer: Installer;
  /** What is going on; asked at each look. */
  machine: () => UpdateFacts['machine'] & { isShutOut: boolean };
  /** drain: take no new tasks; give_back: also give back what runs; null: take tasks again. */
  hold: (how: 'drain' | 'give_back' | null, reason: string) => void;
  /** Ends this program, so that the version that is installed now starts. */
  end: (why: string) => void;
  onStatus: (status: UpdateStatus) => void;
  clock: Clock;
  log: UpdaterLog;
}

const AFTER_FAILED_INSTALL_MS = 3_600_000;

export class Updater {
  readonly #options: UpdaterOptions;
  readonly #state: StateFile;
  readonly #shelf: Shelf;
  readonly #startedAt: number;
  readonly #stopping = new AbortController();
  #offer: Offer | null = null;
  #downloads = { failed: 0, lastAt: null as number | null };
  #asked: UpdateFacts['asked'] = null;
  #status: UpdateStatus;
  #holding: 'drain' | 'give_back' | null = null;
  #cancelTimer = (): void => undefined;
  #cancelTrial = (): void => undefined;
  #working: Promise<void> | null = null;
  #again = false;
  /** Another version is in this one's place: nothing more is done here. */
  #isOver = false;

  /**
   * Before all else of the program that can fail: a version on trial is counted here. Resolves with null where the version before was put back
   * instead, and this program is to end.
   */
  static async open(options: UpdaterOptions): Promise<Updater | null> {
    const state = await StateFile.open(options.folder, (problem) => options.log.warn({}, problem));
    const updater = new Updater(options, state);
    return (await updater.#judgeStart()) ? updater : null;
  }

  private constructor(options: UpdaterOptions, state: StateFile) {
    this.#options = options;
    this.#state = state;
    this.#shelf = new Shelf(options.folder);
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

  /** Begins to look for updates. */
  start(): void {
    this.wake();
  }

  /** The program works: a version on trial has passed. */
  async startedWell(): Promise<void> {
    const { trial, loaded } = this.#state.now;
    if (trial?.version !== this.#options.version) return;
    this.#cancelTrial();
    this.#options.log.info({ version: trial.version, previous: trial.previous }, 'the new version works');
    const kept =
      loaded?.version === trial.version ? await this.#shelf.keep(this.#shelf.fileOf('loaded', loaded), loaded) : null;
    await this.#state.change({ trial: null, loaded: null, kept });
    await this.#shelf.tidy(kept);
  }

  /** The owner wants to know now. Resolves when the feed was looked into. */
  async check(): Promise<UpdateStatus> {
    await this.#ask('check');
    return this.#status;
  }

  /** As soon as it disturbs nobody; with `now`, whatever runs. */
  async install({ now }: { now: boolean }): Promise<UpdateStatus> {
    await this.#state.change({ postponedUntil: null });
    await this.#ask(now ? 'now' : 'install');
    return this.#status;
  }

  /** Not before (milliseconds since the epoch), by the owner's wish. */
  async postpone(until: number): Promise<UpdateStatus> {
    this.#asked = null;
    await this.#state.change({ postponedUntil: until });
    this.wake();
    await this.#working;
    return this.#status;
  }

  /** Something has changed that may matter: a task has ended, hours have begun, the channel is another. */
  wake(): void {
    if (this.#isOver) return;
    this.#again = true;
    this.#working ??= this.#work().finally(() => (this.#working = null));
  }

  /** What is being loaded is broken off; it goes on at the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the program ends'));
    this.#cancelTimer();
    this.#cancelTrial();
    await this.#working;
  }

  async #ask(what: NonNullable<UpdateFacts['asked']>): Promise<void> {
    await this.#working;
    this.#asked = what;
    this.wake();
    await this.#working;
  }

  async #work(): Promise<void> {
    while (this.#again && !this.#isOver && !this.#stopping.signal.aborted) {
      this.#again = false;
      this.#cancelTimer();
      try {
        await this.#step();
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        // The disk refuses what must be remembered: tried again later, like all else.
        this.#fail(error);
        this.#lookAgain(this.#options.clock.now() + 60_000);
      }
    }
  }

  async #step(): Promise<void> {
    const { keys, source } = this.#options;
    if (keys.length === 0 || source() === null) {
      this.#asked = null;
      return;
    }
    const facts = this.#facts();
    const decision = decideUpdate(facts);
    switch (decision.do) {
      case 'check':
        await this.#check();
        this.#again = true;
        return;
      case 'download':
        await this.#download();
        this.#again = true;
        return;
      case 'install':
        await this.#install();
        this.#again = true;
        return;
      case 'drain':
      case 'give_back':
        this.#hold(decision.do);
        break;
      case 'wait':
        this.#hold(null);
    }
    const problem = facts.installRetryAt === null ? null : this.#status.problem;
    if (facts.loadedAt !== null) this.#tell({ state: 'waiting', waitingFor: decision.why, problem, percent: null });
    else if (facts.offer !== null && this.#status.state !== 'failed')
      this.#tell({ state: 'available', waitingFor: decision.why, percent: null });
    this.#lookAgain(decision.lookAgainAt);
  }

  #facts(): UpdateFacts {
    const { clock, jitter, installer, machine, automatic } = this.#options;
    const { isShutOut, ...around } = machine();
    const { lastCheckAt, failedChecks, postponedUntil, installRetryAt, loaded } = this.#state.now;
    const version = this.#offer?.manifest.version;
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
          : { version, failedDownloads: this.#downloads.failed, lastDownloadAt: this.#downloads.lastAt },
      loadedAt: version !== undefined && loaded?.version === version ? loaded.at : null,
      cannotInstall: installer.cannot,
      postponedUntil,
      installRetryAt,
      asked: this.#asked,
      isShutOut,
      machine: around,
    };
  }

  async #check(): Promise<void> {
    const { version, keys, source, channel, platform, arch, machineId, installer, clock, log } = this.#options;
    const from = source();
    if (from === null) return;
    const { seen, bad, failedChecks, loaded } = this.#state.now;
    const follows = channel();
    this.#tell({ state: 'checking' });
    if (this.#asked === 'check') this.#asked = null;
    try {
      const { judged, seen: shown } = await lookIntoFeed({
        source: from,
        keys,
        machine: {
          now: clock.now(),
          channel: follows,
          installed: version,
          seen: seen[follows] ?? null,
          bad: bad.map((one) => one.version),
          machineId: machineId(),
        },
        target: { platform, arch, format: installer.format },
        clock,
        signal: this.#stopping.signal,
      });
      await this.#state.change({
        lastCheckAt: clock.now(),
        failedChecks: 0,
        ...(shown ? { seen: { ...seen, [follows]: newest(seen[follows], shown) } } : {}),
      });
      this.#offer = judged.ok ? judged.value : null;
      if (loaded && loaded.version !== this.#offer?.manifest.version && this.#state.now.trial === null)
        await this.#state.change({ loaded: null });
      // What was asked for is not there: nobody waits for the next version without knowing.
      if (!judged.ok) this.#asked = null;
      this.#toldBy(judged);
    } catch (error) {
      this.#stopping.signal.throwIfAborted();
      this.#asked = null;
      await this.#state.change({ lastCheckAt: clock.now(), failedChecks: failedChecks + 1 });
      log.warn({ feed: from.url }, messageOf(error));
      this.#fail(error);
    }
  }

  #toldBy(judged: Judged<Offer>): void {
    const { log } = this.#options;
    const checkedAt = this.#state.now.lastCheckAt;
    if (judged.ok) {
      const { version } = judged.value.manifest;
      if (version !== this.#status.version) log.info({ version }, 'an update is there');
      this.#tell({ state: 'available', version, problem: null, waitingFor: null, checkedAt });
      return;
    }
    const refused = 'refused' in judged;
    if (refused && judged.why !== this.#status.problem)
      log.warn({ code: judged.refused }, `an update was refused: ${judged.why}`);
    const state = refused ? 'refused' : 'none';
    this.#tell({
      state,
      version: null,
      problem: refused ? judged.why : null,
      waitingFor: null,
      percent: null,
      checkedAt,
    });
  }

  async #download(): Promise<void> {
    const { source, clock, log } = this.#options;
    const from = source();
    const offer = this.#offer;
    if (from === null || offer === null) return;
    const { manifest, package: wanted } = offer;
    this.#tell({ state: 'downloading', percent: 0, problem: null, waitingFor: null });
    this.#downloads.lastAt = clock.now();
    try {
      await downloadPackage({
        source: from,
        package: wanted,
        folder: this.#shelf.loaded,
        clock,
        signal: this.#stopping.signal,
        onProgress: (percent) => this.#tell({ percent }),
      });
      const { name, size, sha512 } = wanted;
      await this.#state.change({ loaded: { version: manifest.version, name, size, sha512, at: clock.now() } });
      this.#downloads.failed = 0;
      log.info({ version: manifest.version }, 'an update is loaded and checked');
    } catch (error) {
      this.#stopping.signal.throwIfAborted();
      this.#downloads.failed += 1;
      this.#asked = null;
      log.warn({ version: manifest.version }, messageOf(error));
      this.#fail(error);
    }
  }

  async #install(): Promise<void> {
    const { version: running, installer, log } = this.#options;
    const { loaded, trial } = this.#state.now;
    if (loaded === null) return;
    this.#asked = null;
    const file = await this.#shelf.wholeFile('loaded', loaded);
    if (file === null) {
      await rm(this.#shelf.fileOf('loaded', loaded), { force: true });
      await this.#state.change({ loaded: null });
      log.warn({ version: loaded.version }, `${loaded.name} was changed after it was loaded; it is loaded again`);
      return;
    }
    this.#tell({ state: 'installing', percent: null, waitingFor: null });
    await this.#keepRunning();
    const installs = (trial?.version === loaded.version ? trial.installs : 0) + 1;
    // On the disk before: whatever happens from here on, the next start knows.
    await this.#state.change({
      trial: { version: loaded.version, previous: running, installs, starts: 0 },
      installRetryAt: null,
    });
    try {
      await installer.install({ file, version: loaded.version, size: loaded.size, sha512: loaded.sha512 });
    } catch (error) {
      await this.#notInstalled(loaded.version, installs >= MOST_INSTALLS, messageOf(error));
      return;
    }
    log.info({ version: loaded.version, previous: running }, 'an update is installed');
    this.#end(`${loaded.version} is installed`);
  }

  /** Whether this program goes on. */
  async #judgeStart(): Promise<boolean> {
    const { version, clock } = this.#options;
    const verdict = judgeStart(this.#state.now.trial, version);
    switch (verdict.do) {
      case 'go_on':
        if (this.#state.now.trial !== null) await this.#state.change({ trial: null });
        return true;
      case 'not_installed':
        await this.#notInstalled(this.#state.now.trial?.version ?? '', verdict.bad, verdict.why);
        return true;
      case 'put_back':
        return !(await this.#putBack(verdict.why));
      case 'try': {
        const { trial } = verdict;
        await this.#state.change({ trial });
        this.#cancelTrial = clock.after(STARTED_WELL_MS, () => {
          const late = judgeLate(trial);
          if (late === 'restart') this.#end(`${version} did not come to work in time; it is started once more`);
          else void this.#putBack(late.putBack);
        });
        return true;
      }
    }
  }

  async #notInstalled(version: string, bad: boolean, why: string): Promise<void> {
    const { clock, log } = this.#options;
    log.warn({ version }, `an update was not installed: ${why}`);
    if (bad) await this.#markBad(version, why);
    else await this.#state.change({ installRetryAt: clock.now() + AFTER_FAILED_INSTALL_MS });
    if (bad) this.#offer = null;
    this.#tell({ state: 'failed', problem: why, waitingFor: null, percent: null });
  }

  async #markBad(version: string, why: string): Promise<void> {
    const bad = [
      ...this.#state.now.bad.filter((one) => one.version !== version),
      { version, why, at: this.#options.clock.now() },
    ];
    await this.#state.change({ bad, trial: null, loaded: null, installRetryAt: null });
  }

  /** Installs the version before. False where there is none to be had: then this one has to do. */
  async #putBack(why: string): Promise<boolean> {
    const { installer, log } = this.#options;
    const { trial, kept } = this.#state.now;
    if (trial === null) return false;
    await this.#markBad(trial.version, why);
    const file = kept?.version === trial.previous ? await this.#shelf.wholeFile('kept', kept) : null;
    if (kept === null || file === null) {
      const mend = `${trial.previous} is not kept on this machine: install it by hand`;
      log.warn({ version: trial.version, previous: trial.previous }, `${why}. ${mend}`);
      this.#tell({ state: 'failed', problem: `${why}. ${mend}` });
      return false;
    }
    try {
      await installer.install({ file, version: kept.version, size: kept.size, sha512: kept.sha512 });
    } catch (error) {
      log.warn(
        { version: trial.version, previous: trial.previous },
        `${why}; the version before could not be put back: ${messageOf(error)}`,
      );
      this.#tell({ state: 'failed', problem: `${why}; ${trial.previous} could not be put back: ${messageOf(error)}` });
      return false;
    }
    log.warn({ version: trial.version, previous: trial.previous }, `${why}: ${trial.previous} is put back`);
    this.#end(`${trial.previous} is put back`);
    return true;
  }

  #end(why: string): void {
    this.#isOver = true;
    this.#cancelTimer();
    this.#options.end(why);
  }

  /** Makes sure that this very version can be put back, where its package can be had. */
  async #keepRunning(): Promise<void> {
    const { version, installer } = this.#options;
    if (this.#state.now.kept?.version === version) return;
    const own = await installer.ownPackage();
    await this.#state.change({ kept: own === null ? null : await this.#shelf.keepOwn(own, version) });
  }

  #hold(how: 'drain' | 'give_back' | null): void {
    if (how === this.#holding) return;
    this.#holding = how;
    this.#options.hold(how, 'an update is installed when nothing runs');
  }

  #lookAgain(at: number): void {
    const { clock } = this.#options;
    if (!Number.isFinite(at)) return;
    this.#cancelTimer = clock.after(Math.min(Math.max(0, at - clock.now()), 2 ** 31 - 1), () => this.wake());
  }

  #fail(error: unknown): void {
    this.#tell({
      state: 'failed',
      problem: messageOf(error),
      waitingFor: null,
      percent: null,
      checkedAt: this.#state.now.lastCheckAt,
    });
  }

  #tell(change: Partial<UpdateStatus>): void {
    const next = { ...this.#status, ...change };
    if (JSON.stringify(next) === JSON.stringify(this.#status)) return;
    this.#status = next;
    this.#options.onStatus(next);
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

type Seen = { version: string; signedAt: number };

function newest(before: Seen | undefined, shown: Seen): Seen {
  if (before === undefined) return shown;
  return {
    version: compareVersions(shown.version, before.version) > 0 ? shown.version : before.version,
    signedAt: Math.max(shown.signedAt, before.signedAt),
  };
}
