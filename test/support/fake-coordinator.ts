/** A coordinator as agents see it, over real HTTP and WebSockets, that keeps what it hears and can be told to misbehave. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';
import {
  agentMessage,
  LINK_PROTOCOL,
  type AckResult,
  type AgentMessage,
  type CoordinatorMessage,
  type Held,
  type Report,
} from '../../shared/protocol/link.ts';
import type { Grant } from '../../shared/protocol/work.ts';
import { startBlobServer, type BlobServer } from './blob-server.ts';

export type Hello = Extract<AgentMessage, { type: 'hello' }>;
export type Received<T extends AgentMessage['type']> = Extract<AgentMessage, { type: T }>;

export const JOIN_TOKEN = 'join-token-of-the-test';
export const API_KEY = 'api-key-of-the-test';

export interface Delivered {
  /** Which connection brought it, counted from 1. */
  connection: number;
  id: number;
  report: Report;
}

export class FakeCoordinator {
  readonly url: string;
  readonly blobs: BlobServer;
  readonly registrations: Record<string, unknown>[] = [];
  readonly hellos: Hello[] = [];
  readonly messages: AgentMessage[] = [];
  /** Every copy of every report. */
  readonly delivered: Delivered[] = [];
  /** Upgrades that were asked for, accepted or not. */
  attempts: number[] = [];
  /** What a registration is answered with instead; null: as usual. */
  onRegister: () => { status: number; body: unknown } | null = () => null;
  /** HTTP status for the upgrade instead of a link. */
  refuseUpgrade: number | null = null;
  welcome: Partial<Extract<CoordinatorMessage, { type: 'welcome' }>> = {};
  /** Null: no answer. */
  answer: (report: Report, id: number) => AckResult | null = () => 'accepted';
  stale: (held: Held[]) => Held[] = () => [];
  readonly #server: http.Server;
  readonly #sockets = new Set<WebSocket>();
  #connections = 0;
  #current: WebSocket | null = null;
  #waiting = new Set<() => void>();
  #fence = 0;

  static async start(port = 0): Promise<FakeCoordinator> {
    const blobs = await startBlobServer();
    const server = http.createServer();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const coordinator = new FakeCoordinator(server, blobs);
    onTestFinished(() => coordinator.close());
    return coordinator;
  }

  private constructor(server: http.Server, blobs: BlobServer) {
    this.#server = server;
    this.blobs = blobs;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const sockets = new WebSocketServer({ noServer: true });
    server.on('request', (request, response) => void this.#request(request, response));
    server.on('upgrade', (request, socket, head) => {
      this.attempts.push(performance.now());
      this.#wake();
      const isKnown = request.headers.authorization === `Bearer ${API_KEY}` && request.url === '/api/v1/link';
      const status = this.refuseUpgrade ?? (isKnown ? null : 401);
      if (status !== null) socket.end(`HTTP/1.1 ${status} no\r\nconnection: close\r\n\r\n`);
      else sockets.handleUpgrade(request, socket, head, (link) => this.#connected(link));
    });
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  get isConnected(): boolean {
    return this.#current !== null;
  }

  /** Each report once, as a coordinator counts them. */
  get reports(): Report[] {
    return [...new Map(this.delivered.map(({ id, report }) => [id, report])).values()];
  }

  reportsOf<K extends Report['kind']>(kind: K): Extract<Report, { kind: K }>[] {
    return this.reports.filter((report): report is Extract<Report, { kind: K }> => report.kind === kind);
  }

  received<T extends AgentMessage['type']>(type: T): Received<T>[] {
    return this.messages.filter((message): message is Received<T> => message.type === type);
  }

  send(message: CoordinatorMessage): void {
    if (!this.#current) throw new Error('no agent is connected');
    this.#current.send(JSON.stringify(message));
  }

  sendText(text: string): void {
    this.#current?.send(text);
  }

  /** Hands out a grant; what is not given is as for a small unit task of the suite in `project`. */
  grant(grant: Partial<Grant> & Pick<Grant, 'work'>): Grant {
    const fence = grant.fence ?? ++this.#fence;
    this.#fence = Math.max(this.#fence, fence);
    const whole: Grant = {
      taskId: `task-${fence}`,
      runId: 'run-1',
      runName: 'a run',
      attempt: 1,
      leaseMs: 60_000,
      timeoutMs: 60_000,
      slots: 1,
      source: null,
      config: { args: [], env: {} },
      ...grant,
      fence,
    };
    this.send({ type: 'grant', grant: whole });
    return whole;
  }

  closeLink(code: number, reason = ''): void {
    this.#current?.close(code, reason);
  }

  /** The connection breaks without a word. */
  breakLink(): void {
    this.#current?.terminate();
  }

  /** The connection stays open and nothing is read from it or answered any more, as when a cable is pulled. */
  freezeLink(): void {
    this.#current?.pause();
    const raw = (this.#current as unknown as { _socket: { pause(): void } })._socket;
    raw.pause();
  }

  /** Resolves with the first true-like value of `probe`, asked at everything that is heard, and often between. */
  async until<T>(probe: () => T | undefined | null | false, what = String(probe)): Promise<T> {
    const started = performance.now();
    for (;;) {
      const found = probe();
      if (found) return found;
      if (performance.now() - started > 90_000) throw new Error(`never came: ${what}\nheard: ${this.#heard()}`);
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve);
        setTimeout(resolve, 20);
      });
    }
  }

  async untilConnected(times = 1): Promise<void> {
    await this.until(() => this.hellos.length >= times && this.isConnected, `connection ${times}`);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.terminate();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await this.blobs.close();
  }

  #heard(): string {
    return this.messages
      .map((message) => (message.type === 'report' ? `${message.report.kind}#${message.id}` : message.type))
      .slice(-40)
      .join(' ');
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const each of waiting) each();
  }

  #connected(socket: WebSocket): void {
    const connection = ++this.#connections;
    this.#sockets.add(socket);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      if (this.#current === socket) this.#current = null;
      this.#wake();
    });
    socket.on('message', (data) => {
      const message = agentMessage.parse(JSON.parse((data as Buffer).toString()));
      this.messages.push(message);
      if (message.type === 'hello') this.#greet(socket, message);
      if (message.type === 'report') {
        this.delivered.push({ connection, id: message.id, report: message.report });
        const result = this.answer(message.report, message.id);
        if (result !== null)
          socket.send(JSON.stringify({ type: 'ack', id: message.id, result } satisfies CoordinatorMessage));
      }
      this.#wake();
    });
  }

  #greet(socket: WebSocket, hello: Hello): void {
    this.#current = socket;
    this.hellos.push(hello);
    const welcome: CoordinatorMessage = {
      type: 'welcome',
      protocol: LINK_PROTOCOL,
      workerId: 'worker-1',
      coordinatorVersion: 'test',
      heartbeatMs: 1000,
      intent: 'active',
      stale: this.stale(hello.held),
      ...this.welcome,
    };
    socket.send(JSON.stringify(welcome));
  }

  async #request(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    if (request.url?.startsWith('/api/v1/blobs') === true) {
      const onward = http.request(
        this.blobs.url + request.url,
        { method: request.method, headers: request.headers },
        (answer) => {
          response.writeHead(answer.statusCode ?? 500, answer.headers);
          answer.pipe(response);
        },
      );
      onward.on('error', () => response.destroy());
      request.pipe(onward);
      return;
    }
    const parts: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    const body = JSON.parse(Buffer.concat(parts).toString()) as Record<string, unknown>;
    const isAllowed = request.headers.authorization === `Bearer ${JOIN_TOKEN}` && this.registrations.length === 0;
    const answer =
      this.onRegister() ??
      (isAllowed
        ? { status: 201, body: { worker_id: 'worker-1', api_key: API_KEY, message: 'ok' } }
        : { status: 401, body: { detail: 'used' } });
    this.registrations.push({ path: request.url, ...body });
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
  }
}
