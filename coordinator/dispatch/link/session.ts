/** The link of one worker: from the upgrade through hello and welcome to its end, and what its end means for what the worker holds. */
import {
  CLOSE,
  LINK_PROTOCOL,
  MAX_FRAME_BYTES,
  OLDEST_LINK_PROTOCOL,
  type AgentMessage,
  type CoordinatorMessage,
} from '../../../shared/protocol/link.ts';
import { countHeld } from '../../workers/queries.ts';
import { connectWorker, readProfile, type Hello } from '../connect-worker.ts';
import type { Connected } from '../fleet.ts';
import { rotateInMs, whyTooOld } from '../rules/agent-age.ts';
import type { Absences } from './absences.ts';
import { CarryingOut } from './carry-out.ts';
import type { LinkOptions, LinkSocket } from './options.ts';
import { parseMessage } from './parse-message.ts';
import { Pings } from './pings.ts';

/** An agent that does not read what it is sent is not there: grants and answers are small. */
const MOST_UNSENT_BYTES = 2 * MAX_FRAME_BYTES;
const HELLO_TIMEOUT_MS = 10_000;
export interface Connections {
  /** Of workers that are connected. */
  sessions: Map<string, Session>;
  /** All that are not closed, greeted or not. */
  opened: Set<Session>;
  absences: Absences;
}

export class Session implements Connected {
  profile!: Connected['profile'];
  canRevoke = false;
  lent: number | null = null;
  /** As people have set it. */
  #intent: Connected['profile']['intent'] = 'active';
  #canPace = false;
  #knowsOffline = false;
  /** What it was told of it last. */
  #toldOffline = '';
  /** So many bytes have come; what it returns says that they are carried out. */
  readonly took: (bytes: number) => () => void;
  readonly #carryingOut: CarryingOut;
  readonly #socket: LinkSocket;
  readonly #hold: () => void;
  readonly #workerId: string;
  readonly #options: LinkOptions;
  readonly #connections: Connections;
  #agentVersion = '';
  #state: 'waiting' | 'greeting' | 'open' | 'closed' = 'waiting';
  readonly #pings: Pings;
  #cancelHelloTimeout: () => void = () => {};
  /** Messages that came while the hello was being stored. */
  readonly #early: { message: Exclude<AgentMessage, Hello>; size: number; done: () => void }[] = [];

  constructor(
    { socket, hold }: { socket: LinkSocket; hold: () => void },
    workerId: string,
    options: LinkOptions,
    connections: Connections,
  ) {
    this.#socket = socket;
    this.#hold = hold;
    this.#workerId = workerId;
    this.#options = options;
    this.#connections = connections;
    this.#carryingOut = new CarryingOut(this, options);
    this.#pings = new Pings(socket, options.clock);
    // Not read from while more has come from it than was carried out.
    this.took = options.inflow.gate(this.#pings);
  }

  get workerId(): string {
    return this.#workerId;
  }

  open(): void {
    this.#connections.opened.add(this);
    this.#socket.on('message', (data) => {
      this.#pings.heard();
      try {
        this.#receive(data.toString());
      } catch (error) {
        // A mistake of ours that one worker brings out must not end the coordinator for all of them.
        this.#options.log.warn({ workerId: this.#workerId, err: error }, 'a message on the agent link failed');
        this.end(CLOSE.badMessage, 'bad_message', 'the coordinator failed on it; its log says why');
      }
    });
    this.#socket.on('pong', () => this.#pings.heard());
    this.#socket.on('close', () => this.#closed());
    this.#cancelHelloTimeout = this.#options.clock.after(HELLO_TIMEOUT_MS, () => {
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

  lends(slots: number | null): void {
    if (slots === this.lent) return;
    this.lent = slots;
    this.#options.fleet.changed();
  }

  tellPace(): void {
    if (this.#state === 'open' && this.#canPace) this.send({ type: 'pace', ...this.#options.pace() });
  }

  /** What the worker has to know for when this coordinator is away. */
  #tellOffline(): void {
    if (!this.#knowsOffline) return;
    const { warmCopy: copy, approved } = this.profile;
    const message = { type: 'offline', ...this.#options.offline, copy: approved ? copy : 'no' } as const;
    const text = JSON.stringify(message);
    if (text !== this.#toldOffline) this.send(message);
    this.#toldOffline = text;
  }

  end(closeCode: number, code: string, message: string): void {
    this.send({ type: 'error', code, message });
    this.#connections.opened.delete(this);
    // What still comes on it is not heard.
    if (this.#state === 'waiting' || this.#state === 'greeting') this.#state = 'closed';
    // At once: what it held is queued again in this very moment, and must not be granted to it.
    if (this.#state === 'open') this.#options.fleet.detach(this);
    this.#socket.close(closeCode, code);
  }

  /** Ends the link without blaming the worker for it. */
  close(): void {
    this.#state = 'closed';
    this.#stopTimers();
    this.#socket.close(1001, 'coordinator stops');
  }

  async refresh(): Promise<void> {
    if (this.#state !== 'open') return;
    const profile = await this.#options.db.read((r) => readProfile(r, this.#workerId));
    if (!profile) return;
    const changed = profile.intent !== this.#intent;
    this.#intent = profile.intent;
    const tooOld = this.#whyTooOld();
    // What runs there is finished first.
    this.profile = tooOld === null ? profile : { ...profile, intent: 'draining' };
    this.#options.fleet.changed();
    if (tooOld !== null && (await this.#options.db.read((r) => countHeld(r, this.#workerId))) === 0) {
      this.end(CLOSE.agentTooOld, 'agent_too_old', tooOld);
      return;
    }
    if (changed) this.send({ type: 'intent', intent: profile.intent, reason: 'set on the coordinator' });
    this.#tellOffline();
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
    // One that is too old was let finish what it had, and now has nothing more.
    if (message.type === 'heartbeat' && message.held.length === 0 && this.#whyTooOld() !== null) void this.refresh();
    if (message.type === 'hello') {
      if (this.#state === 'waiting') void this.#greet(message);
      else this.end(CLOSE.badMessage, 'bad_message', 'hello comes once, first');
    } else if (this.#state === 'open') this.#carryingOut.carryOut(message, text.length);
    else if (this.#state === 'greeting') this.#early.push({ message, size: text.length, done: this.took(text.length) });
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
    this.#agentVersion = hello.agentVersion;
    const tooOld = this.#whyTooOld();
    if (tooOld !== null && hello.held.length === 0) {
      await this.#noteVersion();
      this.end(CLOSE.agentTooOld, 'agent_too_old', tooOld);
      return;
    }
    this.#connections.absences.end(this.#workerId);
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
      this.profile = tooOld === null ? profile : { ...profile, intent: 'draining' };
      this.#intent = profile.intent;
      this.canRevoke = hello.protocol >= 2;
      this.#canPace = hello.protocol >= 3;
      this.#knowsOffline = hello.protocol >= 5;
      this.#connections.sessions
        .get(this.#workerId)
        ?.end(CLOSE.replaced, 'replaced', 'the same worker connected again');
      this.#connections.sessions.set(this.#workerId, this);
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
      this.#cancelHelloTimeout();
      this.#pings.start();
      log.info({ workerId: this.#workerId, worker: profile.name, slots: profile.slots }, 'worker connected');
      this.#tellOffline();
      this.tellPace();
      for (const { message, size, done } of this.#early.splice(0)) {
        this.#carryingOut.carryOut(message, size);
        done();
      }
      this.#options.wake();
    } catch (error) {
      log.warn({ workerId: this.#workerId, error: String(error) }, 'a worker could not be greeted');
      this.#socket.close(1013, 'try again later');
    }
  }

  #closed(): void {
    const { fleet, log, onGone } = this.#options;
    const { absences } = this.#connections;
    const before = this.#state;
    this.#connections.opened.delete(this);
    this.#state = 'closed';
    this.#stopTimers();
    if (before === 'greeting' && !this.#connections.sessions.has(this.#workerId)) absences.begin(this.#workerId);
    if (before !== 'open') return;
    fleet.detach(this);
    onGone(this.#workerId);
    // A newer connection of the same worker has taken this one's place: nothing is missing.
    if (this.#connections.sessions.get(this.#workerId) !== this) return;
    this.#connections.sessions.delete(this.#workerId);
    log.info({ workerId: this.#workerId, worker: this.profile.name }, 'worker disconnected');
    absences.begin(this.#workerId);
  }

  #stopTimers(): void {
    this.#cancelHelloTimeout();
    this.#pings.stop();
  }

  #whyTooOld(): string | null {
    return whyTooOld(this.#agentVersion, this.#options.settings().minimumAgentVersion);
  }

  /** So that people see in the list of workers which one is too old. */
  async #noteVersion(): Promise<void> {
    const { db, log } = this.#options;
    log.warn({ workerId: this.#workerId, version: this.#agentVersion }, 'a worker is too old to get work');
    await db
      .write((w) => w.run('UPDATE workers SET agent_version = ? WHERE id = ?', [this.#agentVersion, this.#workerId]))
      .catch((error: unknown) => log.warn({ error: String(error) }, 'the version of a worker could not be noted'));
  }

  #isClosed(): boolean {
    return this.#state === 'closed';
  }
}
