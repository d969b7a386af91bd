/**
 * Keeps one program up to date: looks, loads and installs when the policy says so (shared/model/update-policy.ts), believes only what the
 * publisher signed (shared/model/update-trust.ts), and puts the version before back where a new one does not come to work.
 */
import { decideUpdate, type UpdateFacts } from '../../shared/model/update-policy.ts';
import type { UpdateStatus } from '../../shared/protocol/update.ts';
import { install } from './installing.ts';
import { load } from './loading.ts';
import { look } from './looking.ts';
import { OnTrial } from './on-trial.ts';
import type { UpdaterOptions } from './options.ts';
import { Situation } from './situation.ts';
import { StateFile } from './state-file.ts';

/** After what should never happen: the disk does not take what must be remembered. */
const AFTER_TROUBLE_MS = 60_000;

export class Updater {
  readonly #situation: Situation;
  readonly #onTrial: OnTrial;
  #holding: 'drain' | 'give_back' | null = null;
  #cancelTimer = (): void => undefined;
  #working: Promise<void> | null = null;
  /** A trial that is being ended: packages are put where they stay. */
  #passing: Promise<void> = Promise.resolve();
  #again = false;

  /**
   * Before all else of the program that can fail: a version on trial is counted here. Resolves with null where the version before was put back
   * instead, and this program is to end.
   */
  static async open(options: UpdaterOptions): Promise<Updater | null> {
    const state = await StateFile.open(options.folder, (problem) => options.log.warn({}, problem));
    const updater = new Updater(new Situation(options, state));
    return (await updater.#onTrial.begin()) ? updater : null;
  }

  private constructor(situation: Situation) {
    this.#situation = situation;
    this.#onTrial = new OnTrial(situation);
  }

  get status(): UpdateStatus {
    return this.#situation.status;
  }

  /** Begins to look for updates. */
  start(): void {
    this.wake();
  }

  /** The program works: a version on trial has passed, and may be replaced by a newer one. What goes wrong is told, not thrown. */
  async startedWell(): Promise<void> {
    this.#passing = this.#onTrial.passed().catch((error: unknown) => this.#situation.fail(error));
    await this.#passing;
    this.wake();
  }

  /** The owner wants to know now. Resolves when the feed was looked into. */
  async check(): Promise<UpdateStatus> {
    await this.#ask('check');
    return this.status;
  }

  /** As soon as it disturbs nobody; with `now`, whatever runs. */
  async install({ now }: { now: boolean }): Promise<UpdateStatus> {
    await this.#situation.state.change({ postponedUntil: null });
    await this.#ask(now ? 'now' : 'install');
    return this.status;
  }

  /** Not before (milliseconds since the epoch), by the owner's wish. */
  async postpone(until: number): Promise<UpdateStatus> {
    this.#situation.asked = null;
    await this.#situation.state.change({ postponedUntil: until });
    this.wake();
    await this.#working;
    return this.status;
  }

  /** Something has changed that may matter: a task has ended, hours have begun, the channel is another. */
  wake(): void {
    if (this.#situation.isOver) return;
    this.#again = true;
    this.#working ??= this.#work().finally(() => (this.#working = null));
  }

  /** What is being loaded is broken off; it goes on at the next start. */
  async stop(): Promise<void> {
    this.#situation.stopping.abort(new Error('the program ends'));
    this.#cancelTimer();
    this.#onTrial.stop();
    await this.#passing;
    await this.#working;
  }

  async #ask(what: NonNullable<UpdateFacts['asked']>): Promise<void> {
    await this.#working;
    this.#situation.asked = what;
    this.wake();
    await this.#working;
  }

  async #work(): Promise<void> {
    const { stopping, options } = this.#situation;
    while (this.#again && !this.#situation.isOver && !stopping.signal.aborted) {
      this.#again = false;
      this.#cancelTimer();
      try {
        await this.#step();
      } catch (error) {
        if (stopping.signal.aborted) return;
        this.#situation.fail(error);
        this.#lookAgain(options.clock.now() + AFTER_TROUBLE_MS);
      }
    }
  }

  async #step(): Promise<void> {
    await this.#passing;
    const { keys, source } = this.#situation.options;
    if (keys.length === 0 || source() === null) {
      this.#situation.asked = null;
      return;
    }
    const facts = this.#situation.facts();
    const decision = decideUpdate(facts);
    switch (decision.do) {
      case 'check':
        await look(this.#situation);
        this.#again = true;
        return;
      case 'download':
        await load(this.#situation);
        this.#again = true;
        return;
      case 'install':
        await install(this.#situation);
        this.#again = true;
        return;
      case 'drain':
      case 'give_back':
        this.#hold(decision.do);
        break;
      case 'wait':
        this.#hold(null);
    }
    this.#tellWaiting(facts, decision.why);
    this.#lookAgain(decision.lookAgainAt);
  }

  #tellWaiting({ installRetryAt, loadedAt, offer }: UpdateFacts, why: string): void {
    const { status } = this.#situation;
    const problem = installRetryAt === null ? null : status.problem;
    if (loadedAt !== null) this.#situation.tell({ state: 'waiting', waitingFor: why, problem, percent: null });
    else if (offer !== null && status.state !== 'failed')
      this.#situation.tell({ state: 'available', waitingFor: why, percent: null });
  }

  #hold(how: 'drain' | 'give_back' | null): void {
    if (how === this.#holding) return;
    this.#holding = how;
    this.#situation.options.hold(how, 'an update is installed when nothing runs');
  }

  #lookAgain(at: number): void {
    const { clock } = this.#situation.options;
    if (!Number.isFinite(at)) return;
    this.#cancelTimer = clock.after(Math.min(Math.max(0, at - clock.now()), 2 ** 31 - 1), () => this.wake());
  }
}
