/**
 * The coordinator's side of the agent link (shared/protocol/link.ts): one session per WebSocket. Reports are handed to the commands in the
 * order in which they came (the database keeps that order) and acknowledged when they are durable.
 */
import type { Clock } from '../../shared/base/clock.ts';
import {
  agentMessage,
  CLOSE,
  LINK_PROTOCOL,
  MAX_FRAME_BYTES,
  OLDEST_LINK_PROTOCOL,
  type AgentMessage,
  type CoordinatorMessage,
  type Held,
  type Report,
} from '../../shared/protocol/link.ts';
import type { MachineMetrics } from '../../shared/protocol/work.ts';
import type { Database, WriteHandle } from '../storage/database.ts';
import { connectWorker, disconnectWorker, readProfile, type Hello } from './connect-worker.ts';
import type { FailureContext } from './failure-context.ts';
import type { Pace } from '../load/rules/load.ts';
import type { Connected, Fleet } from './fleet.ts';
import type { Inflow } from './inflow.ts';
import { renewLeases } from './renew-leases.ts';
import type { ReportQueue } from './report-queue.ts';

/** The part of a `ws` WebSocket that the link uses. */
export interface LinkSocket {
  send(text: string): void;
  close(code: number, reason: string): void;
  terminate(): void;
  ping(): void;
  pause(): void;
  resume(): void;
  readonly bufferedAmount: number;
  on(event: 'message', listener: (data: { toString(): string }) => void): void;
  on(event: 'close' | 'pong', listener: () => void): void;
}

export interface LinkOptions {
  db: Database;
  fleet: Fleet;
  clock: Clock;
  coordinatorVersion: string;
  /** `keyLifeMs`: how long a worker's key works; null: for ever. */
  settings: () => { leaseMs: number; heartbeatMs: number; reconnectGraceMs: number; keyLifeMs: number | null };
  failures: () => FailureContext;
  reports: Pick<ReportQueue, 'add'>;
  inflow: Inflow;
  /** How often agents are to send what may be left out. */
  pace: () => Pace;
  onHeartbeat: (
    w: WriteHandle,
    workerId: string,
    metrics: MachineMetrics,
    running: number,
    now: number,
  ) => Promise<void>;
  onIntent: (
    w: WriteHandle,
    workerId: string,
    intent: 'active' | 'paused' | 'draining',
    reason: string,
    now: number,
  ) => Promise<void>;
  /** Live only: they may be dropped. */
  onProgress: (workerId: string, message: Extract<AgentMessage, { type: 'progress' }>) => void;
  onLog: (workerId: string, message: Extract<AgentMessage, { type: 'log' }>) => void;
  wake: () => void;
  /** The link of this worker is down. */
  onGone: (workerId: string) => void;
  log: { info(fields: object, text: string): void; warn(fields: object, text: string): void };
}

/** An agent that does not read what it is sent is not there: grants and answers are small. */
const MOST_UNSENT_BYTES = 2 * MAX_FRAME_BYTES;
/**
 * A healthy agent answers a ping at once; two missed ones mean that the machine or the way to it is gone. Noticed after three beats at the
 * latest, so that its tests wait for others within 10 s, the grace for a reconnect included.
 */
const PING_MS = 1_500;
const HELLO_TIMEOUT_MS = 10_000;
/** Part of its life after which an agent replaces its key. */
const ROTATED_AT = 0.67;

export class AgentLink {
  readonly #options: LinkOptions;
  readonly #sessions = new Map<string, Session>();
  /** All that are not closed, greeted or not. */
  readonly #opened = new Set<Session>();
  readonly #awaited = new Map<string, () => void>();
  #stopping = false;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** Takes over a WebSocket whose upgrade was authenticated as this worker. `hold` makes what is sent in this turn leave together. */
  accept(socket: LinkSocket, workerId: string, hold: () => void): void {
    if (this.#stopping) socket.close(1001, 'coordinator stops');
    else
      new Session({ socket, hold }, workerId, this.#options, {
        sessions: this.#sessions,
        opened: this.#opened,
        awaited: this.#awaited,
      }).open();
  }

  /** Ends the links of a worker whose key was revoked or that was removed, also one that has not greeted yet. */
  refuse(workerId: string, reason: string): void {
    for (const session of this.#opened)
      if (session.workerId === workerId) session.end(CLOSE.keyRefused, 'key_refused', reason);
  }

  /** Reads a worker's settings again after they were changed, and tells it its new intent. */
  async refresh(workerId: string): Promise<void> {
    await this.#sessions.get(workerId)?.refresh();
  }

  /** Tells all agents at which pace to send from now on. */
  tellPace(): void {
    for (const session of this.#sessions.values()) session.tellPace();
  }

  /** For a graceful stop: agents reconnect when the coordinator is back. */
  closeAll(): void {
    this.#stopping = true;
    for (const session of this.#opened) session.close();
  }
}

interface Connections {
  /** Of workers that are connected. */
  sessions: Map<string, Session>;
  opened: Set<Session>;
  /** Workers whose link broke a moment ago, each with what ends the wait for it. */
  awaited: Map<string, () => void>;
}

class Session implements Connected {
  profile!: Connected['profile'];
  canRevoke = false;
  #canPace = false;
  readonly #took: (bytes: number) => () => void;
  /** The newest heartbeat, while one waits to be stored: it stands for those that came meanwhile. */
  #heartbeat: Extract<AgentMessage, { type: 'heartbeat' }> | null = null;
  readonly #socket: LinkSocket;
  readonly #hold: () => void;
  readonly #workerId: string;
  readonly #options: LinkOptions;
  readonly #sessions: Map<string, Session>;
  readonly #opened: Set<Session>;
  readonly #awaited: Map<string, () => void>;
  #state: 'waiting' | 'greeting' | 'open' | 'closed' = 'waiting';
  #missedPongs = 0;
  /** Not read from: more has come from it than was carried out. */
  #isPaused = false;
  #cancelTimer: () => void = () => {};
  /** Messages that came while the hello was being stored. */
  readonly #early: { message: Exclude<AgentMessage, Hello>; size: number; done: () => void }[] = [];

  constructor(
    { socket, hold }: { socket: LinkSocket; hold: () => void },
    workerId: string,
    options: LinkOptions,
    { sessions, opened, awaited }: Connections,
  ) {
    this.#socket = socket;
    this.#hold = hold;
    this.#workerId = workerId;
    this.#options = options;
    this.#sessions = sessions;
    this.#opened = opened;
    this.#awaited = awaited;
    this.#took = options.inflow.gate({
      pause: () => {
        this.#isPaused = true;
        socket.pause();
      },
      resume: () => {
        // While nothing was read, no answer could be seen either.
        this.#missedPongs = 0;
        this.#isPaused = false;
        socket.resume();
      },
    });
  }

  get workerId(): string {
    return this.#workerId;
  }

  open(): void {
    this.#opened.add(this);
    this.#socket.on('message', (data) => {
      this.#missedPongs = 0;
      this.#receive(data.toString());
    });
    this.#socket.on('pong', () => {
      this.#missedPongs = 0;
    });
    this.#socket.on('close', () => this.#closed());
    this.#cancelTimer = this.#options.clock.after(HELLO_TIMEOUT_MS, () => {
      if (this.#state === 'waiting')
        this.end(CLOSE.badMessage, 'no_hello', `no hello within ${HELLO_TIMEOUT_MS / 1000} s`);
    });
  }

  send(message: CoordinatorMessage): void {
    if (this.#state === 'closed') return;
    if (this.#socket.bufferedAmount > MOST_UNSENT_BYTES) {
      this.#options.log.warn({ workerId: this.#workerId }, 'a worker does not read what it is sent: its link is cut');
      this.#socket.terminate();
      return;
    }
    this.#hold();
    this.#socket.send(JSON.stringify(message));
  }

  tellPace(): void {
    if (this.#state === 'open' && this.#canPace) this.send({ type: 'pace', ...this.#options.pace() });
  }

  end(closeCode: number, code: string, message: string): void {
    this.send({ type: 'error', code, message });
    this.#opened.delete(this);
    // What still comes on it is not heard.
    if (this.#state === 'waiting' || this.#state === 'greeting') this.#state = 'closed';
    // At once: what it held is queued again in this very moment, and must not be granted to it.
    if (this.#state === 'open') this.#options.fleet.detach(this);
    this.#socket.close(closeCode, code);
  }

  /** Ends the link without blaming the worker for it. */
  close(): void {
    this.#state = 'closed';
    this.#cancelTimer();
    this.#socket.close(1001, 'coordinator stops');
  }

  async refresh(): Promise<void> {
    if (this.#state !== 'open') return;
    const profile = await this.#options.db.read((r) => readProfile(r, this.#workerId));
    if (!profile) return;
    const changed = profile.intent !== this.profile.intent;
    this.profile = profile;
    this.#options.fleet.changed();
    if (changed) this.send({ type: 'intent', intent: profile.intent, reason: 'set on the coordinator' });
    this.#options.wake();
  }

  #receive(text: string): void {
    const parsed = parseMessage(text);
    if ('problem' in parsed) {
      this.#options.log.warn({ workerId: this.#workerId, problem: parsed.problem }, 'bad message on the agent link');
      // A report that cannot be understood is answered, so that the agent does not send it for ever.
      if (parsed.reportId !== null)
        this.send({ type: 'ack', id: parsed.reportId, result: 'refused', detail: parsed.problem });
      else this.end(CLOSE.badMessage, 'bad_message', parsed.problem);
      return;
    }
    const { message } = parsed;
    if (message.type === 'hello') {
      if (this.#state === 'waiting') void this.#greet(message);
      else this.end(CLOSE.badMessage, 'bad_message', 'hello comes once, first');
    } else if (this.#state === 'open') this.#handle(message, text.length);
    else if (this.#state === 'greeting')
      this.#early.push({ message, size: text.length, done: this.#took(text.length) });
    else if (this.#state === 'waiting') this.end(CLOSE.badMessage, 'bad_message', 'hello comes first');
  }

  async #greet(hello: Hello): Promise<void> {
    const { db, fleet, clock, settings, failures, coordinatorVersion, log } = this.#options;
    if (hello.protocol < OLDEST_LINK_PROTOCOL) {
      const text = `this coordinator speaks link protocol ${OLDEST_LINK_PROTOCOL} to ${LINK_PROTOCOL}, the agent ${hello.protocol}: update the agent`;
      this.end(CLOSE.protocolTooOld, 'protocol_too_old', text);
      return;
    }
    this.#state = 'greeting';
    this.#awaited.get(this.#workerId)?.();
    this.#awaited.delete(this.#workerId);
    const { leaseMs, heartbeatMs, keyLifeMs } = settings();
    try {
      const connected = await db.write((w) =>
        connectWorker(w, this.#workerId, hello, { leaseMs, failures: failures() }, clock.now()),
      );
      const profile = connected && (await db.read((r) => readProfile(r, this.#workerId)));
      if (this.#isClosed()) return;
      if (!profile) {
        this.end(
          CLOSE.keyRefused,
          'key_refused',
          'this worker is not known any more: enrol it again with a new join token',
        );
        return;
      }
      this.profile = profile;
      this.canRevoke = hello.protocol >= 2;
      this.#canPace = hello.protocol >= 3;
      this.#sessions.get(this.#workerId)?.end(CLOSE.replaced, 'replaced', 'the same worker connected again');
      this.#sessions.set(this.#workerId, this);
      this.#state = 'open';
      fleet.attach(this);
      this.send({
        type: 'welcome',
        protocol: Math.min(hello.protocol, LINK_PROTOCOL),
        workerId: this.#workerId,
        coordinatorVersion,
        heartbeatMs,
        intent: profile.intent,
        keyRotateInMs: rotateInMs(connected.keyCreatedAt, keyLifeMs, clock.now()),
        stale: connected.stale,
      });
      this.#schedulePing();
      log.info({ workerId: this.#workerId, worker: profile.name, slots: profile.slots }, 'worker connected');
      this.tellPace();
      for (const { message, size, done } of this.#early.splice(0)) {
        this.#handle(message, size);
        done();
      }
      this.#options.wake();
    } catch (error) {
      log.warn({ workerId: this.#workerId, error: String(error) }, 'a worker could not be greeted');
      this.#socket.close(1013, 'try again later');
    }
  }

  /** `size`: of its frame, about. */
  #handle(message: Exclude<AgentMessage, Hello>, size: number): void {
    const { clock, settings, onHeartbeat, onIntent, onLog, onProgress, wake } = this.#options;
    const workerId = this.#workerId;
    switch (message.type) {
      case 'offer':
        wake();
        return;
      case 'report':
        void this.#report(message.id, message.report).finally(this.#took(size));
        return;
      case 'progress':
        onProgress(workerId, message);
        return;
      case 'log':
        onLog(workerId, message);
        return;
      case 'heartbeat':
        if (this.#heartbeat === null) {
          void this.#store('heartbeat', size, async (w) => {
            const { held, metrics } = this.#heartbeat ?? message;
            this.#heartbeat = null;
            await renewLeases(w, workerId, fences(held), settings().leaseMs, clock.now());
            await onHeartbeat(w, workerId, metrics, held.length, clock.now());
          }).finally(() => (this.#heartbeat = null));
        }
        this.#heartbeat = message;
        return;
      case 'capabilities':
        void this.#store('capabilities', size, async (w) => {
          const capabilities = JSON.stringify({ ...message.capabilities, slots: this.profile.slots });
          await w.run('UPDATE workers SET capabilities = ?, tags = ? WHERE id = ?', [
            capabilities,
            JSON.stringify(message.tags),
            workerId,
          ]);
          w.afterCommit(() => void this.refresh());
        });
        return;
      case 'intent':
        void this.#store('intent', size, async (w) => {
          await onIntent(w, workerId, message.intent, message.reason, clock.now());
          w.afterCommit(() => void this.refresh());
        });
        return;
    }
  }

  async #report(id: number, report: Report): Promise<void> {
    const { reports, log } = this.#options;
    try {
      const answer = await reports.add(this.#workerId, report);
      this.send({ type: 'ack', id, ...answer });
    } catch (error) {
      // Not acknowledged: the agent keeps it and sends it again (full disk, restart).
      log.warn({ workerId: this.#workerId, kind: report.kind, error: String(error) }, 'a report could not be stored');
    }
  }

  #store(what: string, size: number, command: (w: WriteHandle) => Promise<void>): Promise<void> {
    const { db, log } = this.#options;
    return db
      .write(command)
      .catch((error: unknown) =>
        log.warn({ workerId: this.#workerId, what, error: String(error) }, 'could not be stored'),
      )
      .finally(this.#took(size));
  }

  #schedulePing(): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#options.clock.after(PING_MS, () => {
      if (this.#state !== 'open') return;
      if (this.#missedPongs >= 2) {
        this.#socket.terminate();
        return;
      }
      if (!this.#isPaused) this.#missedPongs++;
      this.#socket.ping();
      this.#schedulePing();
    });
  }

  #closed(): void {
    const { fleet, log, onGone } = this.#options;
    const before = this.#state;
    this.#opened.delete(this);
    this.#state = 'closed';
    this.#cancelTimer();
    if (before === 'greeting' && !this.#sessions.has(this.#workerId)) this.#await();
    if (before !== 'open') return;
    fleet.detach(this);
    onGone(this.#workerId);
    // A newer connection of the same worker has taken this one's place: nothing is missing.
    if (this.#sessions.get(this.#workerId) !== this) return;
    this.#sessions.delete(this.#workerId);
    log.info({ workerId: this.#workerId, worker: this.profile.name }, 'worker disconnected');
    this.#await();
  }

  /** Gives the worker's tasks to others unless it is back in time. Counted from this break alone: one that was back meanwhile has its whole time. */
  #await(): void {
    const { clock, settings, failures, db, log } = this.#options;
    this.#awaited.get(this.#workerId)?.();
    const cancel = clock.after(settings().reconnectGraceMs, () => {
      this.#awaited.delete(this.#workerId);
      const reason = 'the connection to its worker broke';
      db.write((w) => disconnectWorker(w, this.#workerId, reason, failures(), clock.now())).catch((error: unknown) => {
        // Its leases still run out, which has the same effect later.
        log.warn({ workerId: this.#workerId, error: String(error) }, 'a lost worker could not be recorded');
      });
    });
    this.#awaited.set(this.#workerId, cancel);
  }

  #isClosed(): boolean {
    return this.#state === 'closed';
  }
}

/** In time for many tries before the key ends. */
const rotateInMs = (createdAt: number, lifeMs: number | null, now: number): number | null =>
  lifeMs === null ? null : Math.max(0, Math.round(createdAt + lifeMs * ROTATED_AT - now));

const fences = (held: readonly Held[]) => held.map((grant) => grant.fence);

type Parsed = { message: AgentMessage } | { problem: string; reportId: number | null };

function parseMessage(text: string): Parsed {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return { problem: 'not JSON', reportId: null };
  }
  const parsed = agentMessage.safeParse(raw);
  if (parsed.success) return { message: parsed.data };
  const issue = parsed.error.issues[0];
  const problem = `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not understood'}`;
  const { type, id } = raw as { type?: unknown; id?: unknown };
  return { problem, reportId: type === 'report' && typeof id === 'number' ? id : null };
}
