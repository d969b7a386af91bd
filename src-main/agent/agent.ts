/** The agent at work: connects its parts, and ends them in order. */
import path from 'node:path';
import { systemClock, type Clock } from '../../shared/base/clock.ts';
import type { AgentStatus } from '../../shared/protocol/desktop/agent.ts';
import { LINK_PROTOCOL, type Held } from '../../shared/protocol/link.ts';
import type { OfflineWelcome } from '../../shared/protocol/offline/promotion.ts';
import type { Grant, MachineMetrics } from '../../shared/protocol/work.ts';
import type { AgentConfig } from './config.ts';
import type { Controlled } from './control/control.ts';
import { EXIT, type AgentError } from './errors.ts';
import { Heartbeat } from './heartbeat.ts';
import { KeyRotation } from './key-rotation.ts';
import { Link, type Hello, type Instruction, type Welcome } from './link/link.ts';
import { BEAT_MS, SleepGuard } from './link/sleep-guard.ts';
import type { Log } from './log.ts';
import { MetricsReader } from './machine/metrics.ts';
import { Minding } from './manners/minding.ts';
import { finishWithoutBlob } from './outbox/finish-without-blob.ts';
import { Sender } from './outbox/sender.ts';
import { OwnIntent } from './own-intent.ts';
import { LOG_MS } from './slots/log-stream.ts';
import { createAttempts } from './create-attempts.ts';
import { Pool } from './slots/pool.ts';
import { Rest } from './rest.ts';
import { statusOf } from './status.ts';
import { AGENT_VERSION, gatherParts, type Parts } from './start.ts';
import { Uploader } from './uploader/uploader.ts';
import type { UpdatedWorker } from '../updater/for-worker.ts';

const MB = 1024 * 1024;
/** With less free disk than this, nothing new is begun. */
const LEAST_DISK_BYTES = 500 * MB;
/** How long a stopping agent waits for the last answers and uploads; what is left is sent at the next start. */
const FLUSH_MS = 15_000;
/** How long giving back may take: processes are gone after ten seconds. */
const GIVE_UP_MS = 30_000;
const MOST_HELD = 10_000;
/** From this protocol on a coordinator can be lent a part of the slots. */
const LENDS_SOME = 5;

/** The machine works for another coordinator: nothing new here, and what runs here goes on. */
export interface Elsewhere {
  /** For people, here and on the coordinator. */
  reason: string;
}

export class Agent implements Controlled {
  /** Called when the status may be another one. */
  onStatus: () => void = () => undefined;
  /** What the coordinator says of the time without it. */
  onOffline: (told: OfflineWelcome) => void = () => undefined;
  /** What it said last. */
  told: OfflineWelcome | null = null;
  /** Slots that other agents of this machine use at this moment. */
  slotsElsewhere: () => number = () => 0;
  /** What its owner is told when the coordinator refuses this worker. */
  refusalFor: (error: AgentError) => AgentError = (error) => error;
  /** Resolves with the exit code once the agent has ended. */
  readonly done: Promise<number>;
  /** The coordinator gives no work to this version. */
  onTooOld = (): void => {};
  readonly parts: Parts;
  readonly #link: Link;
  readonly #sender: Sender;
  readonly #uploader: Uploader;
  readonly #pool: Pool;
  readonly #intent: OwnIntent;
  readonly #minding: Minding;
  readonly #heartbeat: Heartbeat;
  readonly #guard: SleepGuard;
  readonly #rotation: KeyRotation;
  readonly #rest: Rest;
  #isWorking = true;
  #resolve!: (code: number) => void;
  #giveUp!: () => void;
  readonly #givenUp = new Promise<void>((resolve) => (this.#giveUp = resolve));
  #cancelBeat = (): void => {};
  #stopping: Promise<void> | null = null;
  #diskProblem: string | null = null;
  #refusal: string | null = null;
  #canLendSome = true;
  /** What this machine does for another coordinator than this one. */
  #elsewhere: Elsewhere | null = null;
  readonly #forgetMachine: () => void;
  /** Why nothing new is to begin, for as long as somebody else says so. */
  #holdBack: string | null = null;
  #isTooOld = false;
  #lastOffer = '';
  #logMs = LOG_MS;

  /** @throws AgentError where it cannot begin; the message is for the owner. */
  static async start(config: AgentConfig, log: Log, clock: Clock = systemClock): Promise<Agent> {
    return new Agent(await gatherParts(config, log, clock));
  }

  /** On parts that another agent of this process may share (see gatherForAnother). */
  constructor(parts: Parts) {
    const { config, clock, log, dir, key, machine, client, outbox, stash } = parts;
    this.parts = parts;
    this.done = new Promise((resolve) => (this.#resolve = resolve));
    this.#guard = new SleepGuard(clock, (ms, sleptMs) => this.#woke(ms, sleptMs));
    this.#rest = new Rest(clock);
    this.#rotation = new KeyRotation({ key, keyFile: dir.keyFile, clock, log });
    this.#link = new Link({
      url: key.url,
      pin: key.pin,
      get apiKey() {
        return key.apiKey;
      },
      maxWaitMs: config.pollIntervalSeconds * 1000,
      clock,
      random: Math.random,
      log,
      hello: () => this.#hello(),
      onUp: (welcome, helloSentAt) => this.#up(welcome, helloSentAt),
      onDown: () => this.#down(),
      onInstruction: (message) => this.#instructed(message),
      onRefused: (error) => void this.#refused(error),
      onTooOld: () => {
        this.#isTooOld = true;
        this.onTooOld();
      },
      isStale: () => this.#guard.check(),
    });
    this.#sender = new Sender({ outbox, link: this.#link, clock, log, onStale: (held) => this.#pool.stale(held) });
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
          : (this.#elsewhere?.reason ??
            outbox.trouble ??
            this.#intent.whyNot ??
            whyNotAllowed(config.allowProjects, grant)),
      report: (report) => outbox.add(report),
      create: createAttempts(parts, this.#uploader, {
        send: (message) => this.#link.sendLossy(message),
        logMs: () => this.#logMs,
      }),
      onChange: () => this.#offer(),
      onRunning: () => this.onStatus(),
    });
    this.#minding = new Minding({
      config,
      clock,
      log,
      pool: this.#pool,
      spares: parts.spares,
      told: () => this.#flushed(),
      revalidate: (reason) => this.#revalidate(reason),
      onChange: () => {
        this.#rest.note(this.#pool.size > 0);
        this.#wish();
      },
    });
    this.#intent = new OwnIntent(path.join(dir.own, 'own-intent'), (message) => this.#link.send(message), log);
    this.#heartbeat = new Heartbeat({
      link: this.#link,
      metrics: new MetricsReader(dir.root),
      clock,
      held: () => this.#held(),
      onRenewed: (held, at) => this.#pool.renewed(held, at),
      onMetrics: (metrics) => this.#watchDisk(metrics),
    });
    outbox.onChange = () => {
      this.#sender.wake();
      this.#wish();
    };
    this.#forgetMachine = machine.onChange(() =>
      this.#link.send({ type: 'capabilities', capabilities: machine.capabilities, tags: config.tags }),
    );
    this.#open();
  }

  /** Whether the coordinator can be reached. */
  get isUp(): boolean {
    return this.#link.isUp;
  }

  get slotsInUse(): number {
    return this.#pool.used;
  }

  /** Gives this worker a new key now: the one that it has was shown to others. Rejects where the coordinator gives none. */
  replaceKey(): Promise<void> {
    return this.#rotation.rotate();
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
    this.#elsewhere = elsewhere;
    this.#wish();
  }

  /** Id of the coordinator that it works for (coordinators.ts). */
  get coordinator(): string {
    return this.parts.dir.coordinator;
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
    this.#stopping = this.#end(EXIT.ok, this.#intent.want({ intent: 'draining', reason }));
  }

  /** Gives back what runs and ends. */
  giveBack(reason: string): void {
    this.#pool.giveBackAll(reason);
    // A disk that takes no report must not keep the agent for ever.
    this.parts.clock.after(GIVE_UP_MS, this.#giveUp);
    this.#stopping ??= this.#end(EXIT.ok, this.#intent.want({ intent: 'draining', reason }));
  }

  /** Why it ended, where that was the coordinator's word. */
  get refusal(): string | null {
    return this.#refusal;
  }

  status(): AgentStatus {
    const { config, key, outbox } = this.parts;
    const trouble = outbox.trouble ?? this.#diskProblem ?? this.#refusal;
    return statusOf({
      version: AGENT_VERSION,
      worker: config.name,
      coordinator: key.url,
      isStopping: this.#stopping !== null,
      isConnected: this.#link.isUp,
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

  get #lent(): number {
    const { slots } = this.#minding.decision;
    return slots === 0 || this.#canLendSome ? slots : this.parts.config.slots;
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
    this.#link.open();
    machine.fetchFirstBrowser().catch((error: unknown) => log.warn({ err: error }, 'no browser could be fetched'));
  }

  /** For who updates this program. `running`: tasks that are held; `isTooOld`: the coordinator gives no work to this version. */
  get standing(): UpdatedWorker['standing'] {
    const { key, machine, config } = this.parts;
    return {
      running: this.#pool.held().length,
      isTooOld: this.#isTooOld,
      coordinator: { url: key.url, pin: key.pin, apiKey: key.apiKey },
      machineId: machine.capabilities.fingerprint ?? config.name,
      hours: this.#minding.hours,
    };
  }

  /** Nothing new begins while there is a reason; null: as before. */
  holdBack(reason: string | null): void {
    this.#holdBack = reason;
    this.#wish();
  }

  #held(): Held[] {
    const byFence = new Map([...this.parts.outbox.held(), ...this.#pool.held()].map((held) => [held.fence, held]));
    return [...byFence.values()];
  }

  #hello(): Hello {
    const { config, machine } = this.parts;
    return {
      type: 'hello',
      protocol: LINK_PROTOCOL,
      agentVersion: AGENT_VERSION,
      slots: config.slots,
      capabilities: machine.capabilities,
      tags: config.tags,
      allowProjects: config.allowProjects,
      held: this.#held().slice(0, MOST_HELD),
    };
  }

  #up(welcome: Welcome, helloSentAt: number): void {
    const stale = new Set(welcome.stale.map(({ fence }) => fence));
    for (const held of welcome.stale) this.#pool.stale(held);
    this.#pool.renewed(
      this.#pool.held().filter(({ fence }) => !stale.has(fence)),
      helloSentAt,
    );
    this.#isTooOld = false;
    void this.#intent.learn(welcome.intent);
    this.#canLendSome = welcome.protocol >= LENDS_SOME;
    this.#lastOffer = '';
    this.#offer();
    this.#sender.restart();
    this.#uploader.retryNow();
    this.#logMs = LOG_MS;
    this.#heartbeat.start(welcome.heartbeatMs);
    this.#rotation.schedule(welcome.keyRotateInMs);
    void this.#heartbeat.beat();
  }

  #down(): void {
    this.#heartbeat.stop();
    this.#sender.restart();
    this.onStatus();
  }

  #instructed(message: Instruction): void {
    switch (message.type) {
      case 'grant':
        this.#pool.grant(message.grant);
        return;
      case 'ack':
        this.#sender.answered(message.id, message.result, message.detail);
        return;
      case 'revoke':
        this.#pool.revoke(message, message.testIds);
        return;
      case 'cancel':
        this.#pool.cancel(message, message.reason);
        return;
      case 'offline':
        this.told = message;
        this.onOffline(message);
        return;
      case 'pace':
        this.parts.log.debug(
          { logMs: message.logMs, heartbeatMs: message.heartbeatMs },
          'the coordinator asks for another pace',
        );
        this.#logMs = message.logMs;
        this.#heartbeat.start(message.heartbeatMs);
        return;
      case 'intent':
        this.parts.log.info(
          { intent: message.intent },
          `the coordinator has set this worker to ${message.intent}: ${message.reason}`,
        );
        void this.#intent.learn(message.intent).then(() => this.#offer());
        return;
    }
  }

  #offer(): void {
    const { free } = this.#pool;
    const lent = this.#lent;
    const isWorking = this.#pool.size > 0;
    if (isWorking !== this.#isWorking) this.#rest.note(isWorking);
    this.#isWorking = isWorking;
    const offer = `${free} of ${lent}`;
    if (offer !== this.#lastOffer && this.#link.send({ type: 'offer', free, lent })) this.#lastOffer = offer;
    this.onStatus();
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
    if (this.#elsewhere === null) this.#pool.checkLeases();
  }

  #revalidate(reason: string): void {
    this.#checkLeases();
    this.#link.reconnect(reason);
  }

  #watchDisk({ disk_free_bytes: free }: MachineMetrics): void {
    const isFull = free !== null && free < LEAST_DISK_BYTES;
    this.#diskProblem = isFull
      ? `less than ${LEAST_DISK_BYTES / MB} MB are free on the disk of ${this.parts.dir.root}`
      : null;
    this.#wish();
  }

  #wish(): void {
    if (this.#stopping) return;
    const { outbox } = this.parts;
    const reason =
      this.#elsewhere?.reason ?? outbox.trouble ?? this.#diskProblem ?? this.#holdBack ?? this.#minding.pauseReason;
    void this.#intent.want(reason === null ? null : { intent: 'paused', reason }).then(() => this.#offer());
  }

  async #refused(error: AgentError): Promise<void> {
    const { message, exitCode } = this.refusalFor(error);
    this.#refusal = message;
    this.parts.log.error(message);
    for (const held of this.#pool.held()) this.#pool.stale(held);
    this.#stopping ??= this.#end(exitCode, Promise.resolve());
    await this.#stopping;
  }

  async #end(code: number, told: Promise<void>): Promise<void> {
    const { outbox, clock, log, close } = this.parts;
    await told;
    this.#offer();
    await Promise.race([this.#pool.emptied(), this.#givenUp]);
    if (this.#link.isUp)
      await Promise.race([this.#flushed(), new Promise<void>((resolve) => clock.after(FLUSH_MS, resolve))]);
    this.#cancelBeat();
    this.#minding.close();
    this.#rest.close();
    this.#forgetMachine();
    this.#rotation.stop();
    this.#heartbeat.stop();
    this.#link.close();
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

/** The owner's own word, whatever the coordinator knows of it. */
function whyNotAllowed(allowed: readonly string[] | null, grant: Grant | undefined): string | null {
  if (allowed === null || grant === undefined || allowed.includes(grant.project ?? '')) return null;
  return `the owner of this machine lets only these projects run: ${allowed.join(', ') || 'none'}`;
}
