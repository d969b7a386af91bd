/**
 * The agent's conversation with its coordinator: who it is, what it has done and still holds, and what it is told. Over one link, which is opened
 * again for as long as the agent lives.
 */
import path from 'node:path';
import { LINK_PROTOCOL, type AgentMessage, type Held } from '../../shared/protocol/link.ts';
import type { OfflineWelcome } from '../../shared/protocol/offline/promotion.ts';
import type { MachineMetrics } from '../../shared/protocol/work.ts';
import type { AgentError } from './errors.ts';
import { Heartbeat } from './heartbeat.ts';
import { KeyRotation } from './key-rotation.ts';
import { Link, type Hello, type Instruction, type Welcome } from './link/link.ts';
import { MetricsReader } from './machine/metrics.ts';
import { Sender } from './outbox/sender.ts';
import { OwnIntent } from './own-intent.ts';
import { LOG_MS } from './slots/log-stream.ts';
import type { Pool } from './slots/pool.ts';
import { AGENT_VERSION, type Parts } from './start.ts';

/** In one message. */
const MOST_HELD = 10_000;
/** From this protocol on a coordinator can be lent a part of the slots. */
const LENDS_SOME = 5;

export interface LineOptions {
  parts: Parts;
  /** What the coordinator has a say in. */
  work: Pick<Pool, 'held' | 'stale' | 'renewed' | 'grant' | 'revoke' | 'cancel'>;
  /** Connected: what is free can be offered. */
  onUp: () => void;
  onDown: () => void;
  /** It wants another intent of this worker. */
  onIntent: () => void;
  /** It will never accept this worker as it is. */
  onRefused: (error: AgentError) => void;
  /** It gives no work to this version; tried again all the same. */
  onTooOld: () => void;
  /** What it says of the time without it. */
  onOffline: (told: OfflineWelcome) => void;
  onMetrics: (metrics: MachineMetrics) => void;
  /** As LinkOptions.isStale. */
  isStale: () => boolean;
}

export class Line {
  /** What it said last of the time without it. */
  told: OfflineWelcome | null = null;
  /** It gives no work to this version. */
  isTooOld = false;
  /** It can be lent a part of the slots. */
  canLendSome = true;
  /** How often it wants to hear what attempts print. */
  logMs = LOG_MS;
  readonly #options: LineOptions;
  readonly #link: Link;
  readonly #sender: Sender;
  readonly #intent: OwnIntent;
  readonly #heartbeat: Heartbeat;
  readonly #rotation: KeyRotation;
  readonly #forgetMachine: () => void;
  #lastOffer = '';

  constructor(options: LineOptions) {
    const { parts, work, onDown, onRefused, onTooOld, onMetrics, isStale } = options;
    const { config, clock, log, dir, key, machine, outbox } = parts;
    this.#options = options;
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
      onDown: () => {
        this.#heartbeat.stop();
        this.#sender.restart();
        onDown();
      },
      onInstruction: (message) => this.#instructed(message),
      onRefused,
      onTooOld: () => {
        this.isTooOld = true;
        onTooOld();
      },
      isStale,
    });
    this.#sender = new Sender({ outbox, link: this.#link, clock, log, onStale: (held) => work.stale(held) });
    this.#intent = new OwnIntent(path.join(dir.own, 'own-intent'), (message) => this.#link.send(message), log);
    this.#heartbeat = new Heartbeat({
      link: this.#link,
      metrics: new MetricsReader(dir.root),
      clock,
      held: () => this.#held(),
      onRenewed: (held, at) => work.renewed(held, at),
      onMetrics,
    });
    this.#forgetMachine = machine.onChange(() =>
      this.#link.send({ type: 'capabilities', capabilities: machine.capabilities, tags: config.tags }),
    );
  }

  /** Whether the coordinator can be reached. */
  get isUp(): boolean {
    return this.#link.isUp;
  }

  /** Why nothing new may begin, by what this machine or the coordinator wants; null where it may. */
  get whyNot(): string | null {
    return this.#intent.whyNot;
  }

  open(): void {
    this.#link.open();
  }

  /** Ends the connection and begins a new one: what was agreed before may be over. */
  reconnect(reason: string): void {
    this.#link.reconnect(reason);
  }

  close(): void {
    this.#forgetMachine();
    this.#rotation.stop();
    this.#heartbeat.stop();
    this.#link.close();
  }

  /** Said once for as long as it is the same on this connection. */
  offer(free: number, lent: number): void {
    const offer = `${free} of ${lent}`;
    if (offer !== this.#lastOffer && this.#link.send({ type: 'offer', free, lent })) this.#lastOffer = offer;
  }

  /** As OwnIntent.want. */
  want(wish: Parameters<OwnIntent['want']>[0]): Promise<void> {
    return this.#intent.want(wish);
  }

  /** There may be reports to send. */
  wake(): void {
    this.#sender.wake();
  }

  /** What may be lost: false where it was. */
  sendLossy(message: AgentMessage): boolean {
    return this.#link.sendLossy(message);
  }

  /** Rejects where the coordinator gives no new key. */
  replaceKey(): Promise<void> {
    return this.#rotation.rotate();
  }

  #held(): Held[] {
    const { parts, work } = this.#options;
    const byFence = new Map([...parts.outbox.held(), ...work.held()].map((held) => [held.fence, held]));
    return [...byFence.values()];
  }

  #hello(): Hello {
    const { config, machine } = this.#options.parts;
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
    const { work, onUp } = this.#options;
    const stale = new Set(welcome.stale.map(({ fence }) => fence));
    for (const held of welcome.stale) work.stale(held);
    work.renewed(
      work.held().filter(({ fence }) => !stale.has(fence)),
      helloSentAt,
    );
    this.isTooOld = false;
    void this.#intent.learn(welcome.intent);
    this.canLendSome = welcome.protocol >= LENDS_SOME;
    this.#lastOffer = '';
    onUp();
    this.#sender.restart();
    this.logMs = LOG_MS;
    this.#heartbeat.start(welcome.heartbeatMs);
    this.#rotation.schedule(welcome.keyRotateInMs);
    void this.#heartbeat.beat();
  }

  #instructed(message: Instruction): void {
    const { parts, work, onIntent, onOffline } = this.#options;
    switch (message.type) {
      case 'grant':
        work.grant(message.grant);
        return;
      case 'ack':
        this.#sender.answered(message.id, message.result, message.detail);
        return;
      case 'revoke':
        work.revoke(message, message.testIds);
        return;
      case 'cancel':
        work.cancel(message, message.reason);
        return;
      case 'offline':
        this.told = message;
        onOffline(message);
        return;
      case 'pace':
        parts.log.debug(
          { logMs: message.logMs, heartbeatMs: message.heartbeatMs },
          'the coordinator asks for another pace',
        );
        this.logMs = message.logMs;
        this.#heartbeat.start(message.heartbeatMs);
        return;
      case 'intent':
        parts.log.info(
          { intent: message.intent },
          `the coordinator has set this worker to ${message.intent}: ${message.reason}`,
        );
        void this.#intent.learn(message.intent).then(onIntent);
        return;
    }
  }
}
