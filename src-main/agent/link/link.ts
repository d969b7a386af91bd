/** The agent's side of the agent link (shared/protocol/link.ts): one WebSocket at a time, opened again for as long as the agent lives. */
import WebSocket from 'ws';
import { backoffMs } from '../../../shared/base/backoff.ts';
import type { Clock } from '../../../shared/base/clock.ts';
import {
  CLOSE,
  LINK_PROTOCOL,
  MAX_FRAME_BYTES,
  OLDEST_LINK_PROTOCOL,
  type AgentMessage,
  type CoordinatorMessage,
} from '../../../shared/protocol/link.ts';
import { agentFor, isUntrusted, MEND_UNTRUSTED, wrongPinIn } from '../../transfer/pinned.ts';
import { AgentError, EXIT, KeyRefused } from '../errors.ts';
import type { Log } from '../log.ts';
import { readMessage } from './read-message.ts';

export type Hello = Extract<AgentMessage, { type: 'hello' }>;
export type Welcome = Extract<CoordinatorMessage, { type: 'welcome' }>;
export type Instruction = Exclude<CoordinatorMessage, { type: 'welcome' | 'error' }>;

export interface LinkOptions {
  /** Of the coordinator, http or https, without a slash at its end. */
  url: string;
  /** Of its own certificate; null: the authorities of this system decide. */
  pin: string | null;
  apiKey: string;
  /** Longest wait between two attempts, milliseconds. */
  maxWaitMs: number;
  clock: Clock;
  random: () => number;
  log: Log;
  /** Asked at each connection. */
  hello: () => Hello;
  /** The connection is ready for use; from now on `send` works. */
  onUp: (welcome: Welcome, helloSentAt: number) => void;
  onDown: () => void;
  onInstruction: (message: Instruction) => void;
  /** The coordinator will never accept this worker as it is; the link has given up. */
  onRefused: (error: AgentError) => void;
  /** The coordinator gives no work to this version (why); tried again for as long as the agent lives, in case one of the two is changed. */
  onTooOld: (why: string) => void;
  /** Asked before anything that was received is acted on; true where it may be old, and the link was told to reconnect. */
  isStale: () => boolean;
}

const PING_MS = 2500;
/** Silence for longer is a dead link: noticed at the latest PING_MS later, so within 10 s. */
const SILENCE_MS = 7000;
const HANDSHAKE_MS = 10_000;
/** One that was replaced before does not count as a success: two agents with one key must not throw each other out in a fast loop. */
const STABLE_MS = 10_000;
const FIRST_WAIT_MS = 250;
/** Between two tries of an agent that is too old. */
const TOO_OLD_WAIT_MS = 60_000;
/** More than this waiting to leave, and messages that may be lost are. */
const CONGESTED_BYTES = 1024 * 1024;

export class Link {
  readonly #options: LinkOptions;
  #socket: WebSocket | null = null;
  #isUp = false;
  #closed = false;
  #failures = 0;
  #upSince = 0;
  #heardAt = 0;
  #helloSentAt = 0;
  #lastComplaint = '';
  /** What the coordinator said before it closed the connection. */
  #said = '';
  #confirmations = new Map<string, () => void>();
  #nextConfirmation = 0;
  #cancelTimer = (): void => {};

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** More is waiting to leave than should be: what may be lost is dropped, and reports wait in the outbox. */
  get isCongested(): boolean {
    return (this.#socket?.bufferedAmount ?? 0) > CONGESTED_BYTES;
  }

  open(): void {
    if (this.#closed) return;
    const { url, pin, apiKey } = this.#options;
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/api/v1/link`, {
      headers: { authorization: `Bearer ${apiKey}` },
      agent: agentFor(pin),
      handshakeTimeout: HANDSHAKE_MS,
      maxPayload: MAX_FRAME_BYTES,
      perMessageDeflate: false,
      followRedirects: false,
    });
    this.#socket = socket;
    let why = '';
    // Listeners of a socket that was given up must not touch its successor.
    const current = (fn: () => void) => (): void => {
      if (this.#socket === socket) fn();
    };
    socket.on(
      'open',
      current(() => this.#greet()),
    );
    socket.on('message', (data: Buffer) => current(() => this.#receive(data))());
    socket.on(
      'ping',
      current(() => this.#heard()),
    );
    socket.on('pong', (data) => current(() => this.#confirmed(String(data)))());
    socket.on('unexpected-response', (_request, response) => {
      why = `it answered ${response.statusCode}`;
      if (response.statusCode === 401 || response.statusCode === 403) {
        current(() => this.#refuse(refused(CLOSE.keyRefused, 'the key was not accepted', url)))();
      }
      socket.terminate();
    });
    socket.on('error', (error) => {
      why ||= explain(error, url);
    });
    socket.on('close', (code, reason) => current(() => this.#ended(code, why || String(reason)))());
  }

  /** Messages that may be lost: dropped, with false, while the link is down or slow. */
  sendLossy(message: AgentMessage): boolean {
    return !this.isCongested && this.send(message);
  }

  /** False where the link is down. */
  send(message: AgentMessage): boolean {
    return this.sendText(JSON.stringify(message));
  }

  /** A message that is JSON already. */
  sendText(text: string): boolean {
    if (!this.#isUp) return false;
    this.#socket?.send(text);
    return true;
  }

  /** Calls `fn` when all that was sent so far has reached the coordinator; never where the link breaks before. */
  onceReceived(fn: () => void): void {
    if (!this.#isUp) return;
    const name = `r${this.#nextConfirmation++}`;
    this.#confirmations.set(name, fn);
    this.#socket?.ping(name);
  }

  /** Gives this connection up and opens another at once. */
  reconnect(reason: string): void {
    if (this.#closed) return;
    this.#options.log.info({ reason }, 'connecting anew');
    this.#drop();
    this.open();
  }

  /** For good. What was sent before still leaves. */
  close(): void {
    this.#closed = true;
    this.#cancelTimer();
    const socket = this.#socket;
    this.#forget();
    // Its own time-out for the coordinator's answer does not keep us.
    if (socket?.readyState === WebSocket.OPEN) socket.close(1000, 'the agent stops');
    else socket?.terminate();
  }

  #greet(): void {
    const { clock, hello } = this.#options;
    this.#helloSentAt = clock.monotonic();
    this.#heard();
    this.#socket?.send(JSON.stringify(hello()));
    this.#watch();
  }

  #watch(): void {
    const { clock } = this.#options;
    this.#cancelTimer();
    this.#cancelTimer = clock.after(PING_MS, () => {
      const silent = clock.monotonic() - this.#heardAt;
      if (silent > SILENCE_MS) {
        this.#ended(1006, `nothing was heard for ${Math.round(silent / 1000)} s`);
        return;
      }
      this.#socket?.ping();
      this.#watch();
    });
  }

  #heard(): void {
    this.#heardAt = this.#options.clock.monotonic();
  }

  #confirmed(name: string): void {
    this.#heard();
    const fn = this.#confirmations.get(name);
    this.#confirmations.delete(name);
    fn?.();
  }

  #receive(data: Buffer): void {
    this.#heard();
    const { log, isStale, onInstruction } = this.#options;
    if (isStale()) return;
    const read = readMessage(data.toString());
    if ('problem' in read) log.warn({ problem: read.problem }, 'a message of the coordinator was not understood');
    else if (read.message.type === 'welcome') this.#welcomed(read.message);
    else if (read.message.type === 'error') this.#said = read.message.message;
    else if (this.#isUp) onInstruction(read.message);
  }

  #welcomed(welcome: Welcome): void {
    const { clock, onUp, log, url } = this.#options;
    if (welcome.protocol < OLDEST_LINK_PROTOCOL || welcome.protocol > LINK_PROTOCOL) {
      const message = `the coordinator at ${url} speaks link protocol ${welcome.protocol}, this agent ${LINK_PROTOCOL}: update the older of the two`;
      this.#refuse(new AgentError(message, EXIT.refused));
      return;
    }
    this.#isUp = true;
    this.#upSince = clock.monotonic();
    this.#lastComplaint = '';
    log.info({ url, coordinator: welcome.coordinatorVersion, intent: welcome.intent }, 'connected');
    onUp(welcome, this.#helloSentAt);
  }

  #ended(code: number, why: string): void {
    const { clock, maxWaitMs, random, log, url, onTooOld } = this.#options;
    const reason = this.#said || why;
    if (code === CLOSE.keyRefused || code === CLOSE.protocolTooOld || code === CLOSE.goHome) {
      this.#refuse(refused(code, reason, url));
      return;
    }
    // A line that breaks often is come back to at once: after a few seconds of silence the coordinator gives the work to others.
    const wasGood = this.#isUp && (code !== CLOSE.replaced || clock.monotonic() - this.#upSince >= STABLE_MS);
    this.#failures = wasGood ? 1 : this.#failures + 1;
    this.#drop();
    if (this.#closed) return;
    const isTooOld = code === CLOSE.agentTooOld;
    if (isTooOld) onTooOld(reason);
    const waitMs = isTooOld
      ? backoffMs({ baseMs: TOO_OLD_WAIT_MS, maxMs: TOO_OLD_WAIT_MS }, 1, random)
      : backoffMs({ baseMs: FIRST_WAIT_MS, maxMs: maxWaitMs }, this.#failures, random);
    const complaint = reason || `closed with code ${code}`;
    // A coordinator that is away for the night needs one line in the log, not thousands.
    log[complaint === this.#lastComplaint ? 'debug' : 'warn'](
      { url, waitMs },
      `no connection to the coordinator: ${complaint}; trying again`,
    );
    this.#lastComplaint = complaint;
    this.#cancelTimer = clock.after(waitMs, () => this.open());
  }

  #refuse(error: AgentError): void {
    this.#closed = true;
    this.#drop();
    this.#options.onRefused(error);
  }

  #drop(): void {
    this.#cancelTimer();
    const socket = this.#socket;
    const wasUp = this.#isUp;
    this.#forget();
    socket?.terminate();
    if (wasUp) this.#options.onDown();
  }

  #forget(): void {
    this.#socket = null;
    this.#isUp = false;
    this.#said = '';
    this.#confirmations.clear();
  }
}

/** What went wrong, and what its owner can do where trust is what lacks. */
function explain(error: Error, url: string): string {
  const wrong = wrongPinIn(error);
  if (wrong)
    return `${error.message}. If its owner confirms the new pin, start this worker with --coordinator '${url}#${wrong.seen}'`;
  return isUntrusted(error) ? `${error.message}. For a certificate of its own, ${MEND_UNTRUSTED}` : error.message;
}

function refused(code: number, reason: string, url: string): AgentError {
  if (code === CLOSE.goHome)
    return new AgentError(`the promoted coordinator at ${url} has ended: ${reason}`, EXIT.sentHome);
  const detail = reason === '' ? '' : ` (${reason})`;
  if (code === CLOSE.protocolTooOld) {
    const tooOld = `the coordinator at ${url} no longer speaks this agent's protocol${detail}: update the agent`;
    return new AgentError(tooOld, EXIT.refused);
  }
  return new KeyRefused(
    `the coordinator at ${url} does not accept this worker's key${detail}: it was revoked or the worker was removed. Enrol anew with another --data folder`,
    EXIT.refused,
  );
}
