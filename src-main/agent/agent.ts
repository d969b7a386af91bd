/** The agent at work: connects its parts, and ends them in order. */
import { systemClock, type Clock } from '../../shared/base/clock.ts';
import type { AgentStatus } from '../../shared/protocol/desktop/agent.ts';
import type { OfflineWelcome } from '../../shared/protocol/offline/promotion.ts';
import type { AgentConfig } from './config.ts';
import type { Controlled } from './control/control.ts';
import { createAttempts } from './create-attempts.ts';
import { EXIT, type AgentError } from './errors.ts';
import { Line } from './line.ts';
import { BEAT_MS, SleepGuard } from './link/sleep-guard.ts';
import type { Log } from './log.ts';
import { Minding } from './manners/minding.ts';
import { finishWithoutBlob } from './outbox/finish-without-blob.ts';
import { Rest } from './rest.ts';
import { Restraints, whyNotAllowed, type Elsewhere } from './restraints.ts';
import { Pool } from './slots/pool.ts';
import { AGENT_VERSION, gatherParts, type Parts } from './start.ts';
import { statusOf } from './status.ts';
import { Uploader } from './uploader/uploader.ts';
import type { UpdatedWorker } from '../updater/for-worker.ts';

/** How long a stopping agent waits for the last answers and uploads; what is left is sent at the next start. */
const FLUSH_MS = 15_000;
/** How long giving back may take: processes are gone after ten seconds. */
const GIVE_UP_MS = 30_000;

export class Agent implements Controlled {
  /** Called when the status may be another one. */
  onStatus: () => void = () => undefined;
  /** What the coordinator says of the time without it. */
  onOffline: (told: OfflineWelcome) => void = () => undefined;
  /** Slots that other agents of this machine use at this moment. */
  slotsElsewhere: () => number = () => 0;
  /** What its owner is told when the coordinator refuses this worker. */
  refusalFor: (error: AgentError) => AgentError = (error) => error;
  /** Resolves with the exit code once the agent has ended. */
  readonly done: Promise<number>;
  /** The coordinator gives no work to this version. */
  onTooOld = (): void => {};
  readonly parts: Parts;
  readonly #line: Line;
  readonly #uploader: Uploader;
  readonly #pool: Pool;
  readonly #minding: Minding;
  readonly #guard: SleepGuard;
  readonly #rest: Rest;
  readonly #restraints = new Restraints();
  #isWorking = true;
  #resolve!: (code: number) => void;
  #giveUp!: () => void;
  readonly #givenUp = new Promise<void>((resolve) => (this.#giveUp = resolve));
  #cancelBeat = (): void => {};
  #stopping: Promise<void> | null = null;
  #refusal: string | null = null;

  /** @throws AgentError where it cannot begin; the message is for the owner. */
  static async start(config: AgentConfig, log: Log, clock: Clock = systemClock): Promise<Agent> {
    return new Agent(await gatherParts(config, log, clock));
  }

  /** On parts that another agent of this process may share (see gatherForAnother). */
  constructor(parts: Parts) {
    const { config, clock, log, client, outbox, stash, spares } = parts;
    this.parts = parts;
    this.done = new Promise((resolve) => (this.#resolve = resolve));
    this.#guard = new SleepGuard(clock, (ms, sleptMs) => this.#woke(ms, sleptMs));
    this.#rest = new Rest(clock);
    this.#uploader = new Uploader({
      stash,
      client,
      clock,
      log,
      onDone: (sha256) => outbox.unlock(sha256),
      onHopeless: (sha256) => void finishWithoutBlob(outbox, sha256),
    });
    this.#pool = new Pool({
      slots: () => Math.max(0, this.#lent - this.slotsElsewhere()),
      clock,
      log,
      whyNot: (grant) =>
        this.#stopping
          ? 'the worker is stopping'
          : (this.#restraints.elsewhere?.reason ??
            outbox.trouble ??
            this.#line.whyNot ??
            whyNotAllowed(config.allowProjects, grant)),
      report: (report) => outbox.add(report),
      create: createAttempts(parts, this.#uploader, {
        send: (message) => this.#line.sendLossy(message),
        logMs: () => this.#line.logMs,
      }),
      onChange: () => this.#offer(),
      onRunning: () => this.onStatus(),
    });
    this.#line = new Line({
      parts,
      work: this.#pool,
      onUp: () => {
        this.#offer();
        this.#uploader.retryNow();
      },
      onDown: () => this.onStatus(),
      onIntent: () => this.#offer(),
      onRefused: (error) => void this.#refused(error),
      onTooOld: () => this.onTooOld(),
      onOffline: (told) => this.onOffline(told),
      onMetrics: (metrics) => {
        this.#restraints.noteDisk(metrics, parts.dir.root);
        this.#wish();
      },
      isStale: () => this.#guard.check(),
    });
    this.#minding = new Minding({
      config,
      clock,
      log,
      pool: this.#pool,
      spares,
      told: () => this.#flushed(),
      revalidate: (reason) => this.#revalidate(reason),
      onChange: () => {
        this.#rest.note(this.#pool.size > 0);
        this.#wish();
      },
    });
    outbox.onChange = () => {
      this.#line.wake();
      this.#wish();
    };
    this.#open();
  }

  /** Whether the coordinator can be reached. */
  get isUp(): boolean {
    return this.#line.isUp;
  }

  get slotsInUse(): number {
    return this.#pool.used;
  }

  /** Why it ended, where that was the coordinator's word. */
  get refusal(): string | null {
    return this.#refusal;
  }

  /** Id of the coordinator that it works for (coordinators/). */
  get coordinator(): string {
    return this.parts.dir.coordinator;
  }

  /** What the coordinator said last of the time without it. */
  get told(): OfflineWelcome | null {
    return this.#line.told;
  }

  /** For who updates this program. `running`: tasks that are held; `isTooOld`: the coordinator gives no work to this version. */
  get standing(): UpdatedWorker['standing'] {
    const { key, machine, config } = this.parts;
    return {
      running: this.#pool.held().length,
      isTooOld: this.#line.isTooOld,
      isMetered: this.#minding.decision.why.some(({ reason }) => reason === 'metered'),
      coordinator: { url: key.url, pin: key.pin, apiKey: key.apiKey },
      machineId: machine.capabilities.fingerprint ?? config.name,
      hours: this.#minding.hours,
    };
  }

  status(): AgentStatus {
    const { config, key, outbox } = this.parts;
    const trouble = outbox.trouble ?? this.#restraints.disk ?? this.#refusal;
    return statusOf({
      version: AGENT_VERSION,
      worker: config.name,
      coordinator: key.url,
      isStopping: this.#stopping !== null,
      isConnected: this.#line.isUp,
      slots: config.slots,
      busy: this.#pool.used,
      tests: this.#pool.tests,
      decision: this.#minding.decision,
      problem: trouble === null ? null : { message: trouble, mend: null },
    });
  }

  carryOut(command: Parameters<Controlled['carryOut']>[0]): ReturnType<Controlled['carryOut']> {
    return this.#minding.carryOut(command);
  }

  /** The program on the screen that told facts is gone. */
  untold(): void {
    this.#minding.untold();
  }

  /** Gives this worker a new key now: the one that it has was shown to others. Rejects where the coordinator gives none. */
  replaceKey(): Promise<void> {
    return this.#line.replaceKey();
  }

  /** Slots have become free elsewhere, or are taken there. */
  offerAnew(): void {
    this.#offer();
  }

  /**
   * The machine works for another coordinator from now on; null: for this one again. What runs goes on to its end, also beyond its lease: this
   * coordinator is away, and whoever has switched has said so. Its reports wait in the outbox.
   */
  workElsewhere(elsewhere: Elsewhere | null): void {
    this.#restraints.elsewhere = elsewhere;
    this.#wish();
  }

  /** Nothing new begins while there is a reason; null: as before. */
  holdBack(reason: string | null): void {
    this.#restraints.heldBack = reason;
    this.#wish();
  }

  /**
   * Takes nothing new, lets what runs finish, and ends. `withinMs`: what has not finished by then is given back; null: however long it
   * takes.
   */
  drain(reason: string, withinMs: number | null): void {
    const { log, clock } = this.parts;
    if (this.#stopping) return;
    const text = this.#pool.size === 0 ? 'stopping' : `stopping when what runs is finished (${this.#pool.size} tasks)`;
    log.info({ reason }, text);
    if (withinMs !== null) clock.after(withinMs, () => this.giveBack(`${reason}, and the time to finish is over`));
    this.#stopping = this.#end(EXIT.ok, this.#line.want({ intent: 'draining', reason }));
  }

  /** Gives back what runs and ends. */
  giveBack(reason: string): void {
    this.#pool.giveBackAll(reason);
    // A disk that takes no report must not keep the agent for ever.
    this.parts.clock.after(GIVE_UP_MS, this.#giveUp);
    this.#stopping ??= this.#end(EXIT.ok, this.#line.want({ intent: 'draining', reason }));
  }

  get #lent(): number {
    const { slots } = this.#minding.decision;
    return slots === 0 || this.#line.canLendSome ? slots : this.parts.config.slots;
  }

  #open(): void {
    const { outbox, stashed, machine, log } = this.parts;
    const needed = new Set([...outbox.entries()].flatMap(({ after }) => after ?? []));
    for (const each of stashed) this.#uploader.add(each, needed.has(each.sha256));
    // Uploaded before the last end, and only not noted.
    for (const sha256 of needed) if (!this.#uploader.has(sha256)) outbox.unlock(sha256);
    if (outbox.size > 0) log.info({ reports: outbox.size }, 'reports from before are still to be sent');
    this.#minding.open();
    this.#wish();
    this.#beat();
    this.#line.open();
    machine.fetchFirstBrowser().catch((error: unknown) => log.warn({ err: error }, 'no browser could be fetched'));
  }

  #offer(): void {
    const isWorking = this.#pool.size > 0;
    if (isWorking !== this.#isWorking) this.#rest.note(isWorking);
    this.#isWorking = isWorking;
    this.#line.offer(this.#pool.free, this.#lent);
    this.onStatus();
  }

  #wish(): void {
    if (this.#stopping) return;
    const { outbox } = this.parts;
    const reason = this.#restraints.pause({ outbox: outbox.trouble, manners: this.#minding.pauseReason });
    void this.#line.want(reason === null ? null : { intent: 'paused', reason }).then(() => this.#offer());
  }

  #beat(): void {
    this.#cancelBeat = this.parts.clock.after(BEAT_MS, () => {
      this.#guard.check();
      this.#checkLeases();
      this.#minding.beat();
      this.#beat();
    });
  }

  /** Whatever was agreed before may be over: the coordinator is asked, on a new connection, before anything else happens. */
  #woke(stoodStillMs: number, sleptMs: number): void {
    this.#pool.slept(sleptMs);
    this.#minding.woke();
    this.#revalidate(`this process stood still for ${Math.round(stoodStillMs / 1000)} s`);
  }

  #checkLeases(): void {
    if (this.#restraints.elsewhere === null) this.#pool.checkLeases();
  }

  #revalidate(reason: string): void {
    this.#checkLeases();
    this.#line.reconnect(reason);
  }

  async #refused(error: AgentError): Promise<void> {
    const { message, exitCode } = this.refusalFor(error);
    this.#refusal = message;
    this.parts.log[exitCode === EXIT.sentHome ? 'info' : 'error'](message);
    for (const held of this.#pool.held()) this.#pool.stale(held);
    this.#stopping ??= this.#end(exitCode, Promise.resolve());
    await this.#stopping;
  }

  async #end(code: number, told: Promise<void>): Promise<void> {
    const { outbox, clock, log, close } = this.parts;
    await told;
    this.#offer();
    await Promise.race([this.#pool.emptied(), this.#givenUp]);
    if (this.#line.isUp)
      await Promise.race([this.#flushed(), new Promise<void>((resolve) => clock.after(FLUSH_MS, resolve))]);
    this.#cancelBeat();
    this.#minding.close();
    this.#rest.close();
    this.#line.close();
    await this.#uploader.close();
    await outbox.close();
    if (outbox.size + this.#uploader.size > 0) {
      log.warn(
        { reports: outbox.size, files: this.#uploader.size },
        'not everything has reached the coordinator; it is sent at the next start',
      );
    }
    await close();
    log.info('stopped');
    this.#resolve(code);
  }

  async #flushed(): Promise<void> {
    await this.#uploader.done();
    await this.parts.outbox.emptied();
  }
}
