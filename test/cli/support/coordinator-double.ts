/** A coordinator as `playfleet run` sees it: real HTTP and event streams, with a history that the test writes as it goes. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import {
  eventId,
  isLive,
  type EventData,
  type EventType,
  type SettledTestEvent,
} from '../../../shared/protocol/events.ts';
import type { TestDetail, TestSummary } from '../../../shared/protocol/rest/results.ts';
import type { Run } from '../../../shared/protocol/rest/runs.ts';

export const RUN_ID = 'run-id-1';
const EPOCH = 'epoch-of-the-test';

interface Ids {
  worker_id?: string;
  task_id?: string;
}

type Handler = (request: http.IncomingMessage, response: http.ServerResponse, body: string) => boolean;

export class CoordinatorDouble {
  readonly url: string;
  run: Run;
  details = new Map<string, TestDetail>();
  tests: TestSummary[] = [];
  /** `METHOD /path` of every request, without the query. */
  readonly requests: string[] = [];
  readonly bodies: { path: string; body: unknown; headers: http.IncomingHttpHeaders }[] = [];
  /** Answers a request instead of the double; true where it did. */
  intercept: Handler = () => false;
  archive: Buffer = Buffer.alloc(0);
  readonly #server: http.Server;
  readonly #events: { id: string | null; data: string; seq: number }[] = [];
  readonly #streams = new Set<http.ServerResponse>();
  readonly #waiting = new Set<() => void>();
  #seq = 0;

  static async start(): Promise<CoordinatorDouble> {
    const server = http.createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const double = new CoordinatorDouble(server);
    onTestFinished(() => double.close());
    return double;
  }

  private constructor(server: http.Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.run = aRun();
    server.on('request', (request: http.IncomingMessage, response: http.ServerResponse) => {
      this.#answer(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
  }

  /** Appends to the history and tells who listens. */
  emit<T extends EventType>(type: T, data: EventData<T>, ids: Ids = {}): void {
    const live = isLive(type);
    if (!live) this.#seq += 1;
    const { worker_id = null, task_id = null } = ids;
    const run_id = type.startsWith('worker.') ? null : RUN_ID;
    const event = { seq: this.#seq, epoch: EPOCH, at: Date.now(), run_id, worker_id, task_id, type, data };
    const message = { id: live ? null : eventId(EPOCH, this.#seq), data: JSON.stringify(event), seq: this.#seq };
    if (!live) this.#events.push(message);
    for (const stream of this.#streams) stream.write(textOf(message));
  }

  /** The usual beginning: created, discovered, planned, one task on one worker. */
  begin(tests: number): void {
    this.emit('run.created', { number: 1, name: this.run.name, kind: 'queue', total_shards: 0, created_by: 'me' });
    this.state('scheduling');
    this.emit('run.planned', { tests_total: tests, tasks_total: 1 });
    this.run = { ...this.run, tests: { ...this.run.tests, total: tests }, total_tests: tests };
    this.state('running');
    this.emit('worker.online', { worker: 'mac-mini', slots: 4 }, { worker_id: 'w1' });
    const grant = {
      attempt: 1,
      fence: 1,
      worker: 'mac-mini',
      kind: 'units' as const,
      slots: 1,
      shard_index: null,
      tests,
      needs: '',
      race_of: null,
      cpus: 0,
      memory_bytes: 0,
    };
    this.emit('task.granted', grant, { worker_id: 'w1', task_id: 't1' });
    this.emit('task.started', { attempt: 1, fence: 1 }, { worker_id: 'w1', task_id: 't1' });
  }

  state(to: Run['status'], more: { reason?: string; outcome?: 'passed' | 'failed' } = {}): void {
    const { reason = null, outcome = null } = more;
    const final = to === 'completed' || to === 'failed' || to === 'cancelled';
    const now = new Date().toISOString();
    const from = this.run.status;
    this.run = {
      ...this.run,
      status: to,
      reason,
      outcome,
      started_at: this.run.started_at ?? now,
      completed_at: final ? now : null,
    };
    this.emit('run.state', { from, to, reason, outcome });
  }

  settle(tests: SettledTestEvent[]): void {
    const counts = { ...this.run.tests };
    for (const test of tests) {
      counts[test.outcome] += 1;
      counts.settled += 1;
      this.tests.push(summaryOf(test));
    }
    this.run = { ...this.run, tests: { ...counts, passed: counts.expected + counts.flaky, failed: counts.unexpected } };
    this.emit('results', { settled: tests }, { worker_id: 'w1', task_id: 't1' });
  }

  end(outcome: 'passed' | 'failed'): void {
    this.emit(
      'task.finished',
      { attempt: 1, fence: 1, state: 'completed', reason: null, ended: 'completed' },
      { worker_id: 'w1', task_id: 't1' },
    );
    this.state('completed', { outcome });
    this.run = { ...this.run, report: { state: 'ready', message: null } };
    this.emit('report.state', { state: 'ready', message: null });
  }

  breakStreams(): void {
    for (const stream of this.#streams) stream.destroy();
  }

  /** Resolves when a request for `line` (`METHOD /path`) has come; at once where one has. */
  async requested(line: string): Promise<void> {
    while (!this.requests.includes(line)) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  /** Resolves when somebody follows the stream. */
  async followed(): Promise<void> {
    while (this.#streams.size === 0) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #noticed(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url);
    const parts: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    const body = Buffer.concat(parts).toString();
    this.requests.push(`${request.method} ${pathname}`);
    if (request.method === 'POST') this.bodies.push({ path: pathname, body: parsed(body), headers: request.headers });
    if (!this.intercept(request, response, body)) this.#usual(request, response, pathname, searchParams);
    this.#noticed();
  }

  #usual(request: http.IncomingMessage, response: http.ServerResponse, path: string, query: URLSearchParams): void {
    const json = (status: number, value: unknown): void => void reply(response, status, value);
    const of = `/api/v1/test-runs/${RUN_ID}`;
    switch (`${request.method} ${path}`) {
      case 'GET /api/v1/test-runs':
        return json(200, { items: [this.run], next_cursor: null });
      case 'POST /api/v1/test-runs/create':
      case `POST ${of}/retry`:
        return json(201, { test_run_id: RUN_ID, number: 1, message: 'created' });
      case 'POST /api/v1/blobs/missing':
        return json(200, { missing: [] });
      case `GET ${of}`:
        return json(200, this.run);
      case `POST ${of}/cancel`:
        this.state('cancelled', { reason: 'cancelled' });
        return json(200, { test_run_id: RUN_ID, status: 'cancelled', still_stopping: 0, message: 'cancelled' });
      case `GET ${of}/tests`:
        return json(200, {
          items: this.tests.filter((test) => test.outcome === query.get('outcome')),
          next_cursor: null,
        });
      case `GET ${of}/report`:
        response.writeHead(302, { location: `${this.url}/c/signed/index.html` }).end();
        return;
      case `GET /api/v1/results/${RUN_ID}/download`:
        response.writeHead(200, { 'content-type': 'application/zip' }).end(this.archive);
        return;
      case 'GET /api/v1/events/stream':
        return this.#stream(request, response);
      default: {
        const detail = this.details.get(decodeURIComponent(path.slice(`${of}/tests/`.length)));
        return detail && path.startsWith(of)
          ? json(200, detail)
          : problem(response, 404, 'not_found', `There is nothing at ${path}.`);
      }
    }
  }

  #stream(request: http.IncomingMessage, response: http.ServerResponse): void {
    const last = Number(String(request.headers['last-event-id'] ?? '0').split('.')[0]);
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    response.write(':\n\n');
    for (const message of this.#events) if (message.seq > last) response.write(textOf(message));
    this.#streams.add(response);
    response.once('close', () => this.#streams.delete(response));
  }
}

export function reply(response: http.ServerResponse, status: number, value: unknown, type = 'application/json'): true {
  response.writeHead(status, { 'content-type': type }).end(JSON.stringify(value));
  return true;
}

export function problem(response: http.ServerResponse, status: number, code: string, detail: string): void {
  const body = { type: 'about:blank', title: 'Problem', status, detail, instance: 'urn:uuid:1', code };
  reply(response, status, body, 'application/problem+json');
}

export function settledTest(title: string, more: Partial<SettledTestEvent> = {}): SettledTestEvent {
  const outcome = more.outcome ?? 'expected';
  return {
    test_id: `id of ${title}`,
    title,
    project: 'chromium',
    file: 'tests/shop.spec.ts',
    line: 12,
    outcome,
    replaces: null,
    attempts: 1,
    duration_ms: 1200,
    error: outcome === 'unexpected' ? 'Error: expect(received).toBe(expected)' : null,
    ...more,
  };
}

function summaryOf(test: SettledTestEvent): TestSummary {
  const { test_id, title, project, file, line, outcome, attempts, duration_ms, error } = test;
  const names = { title, title_path: title.split(' › '), tags: [], supporting: false, note: null, worker: 'mac-mini' };
  return { test_id, ...names, project, file, line, outcome, attempts, duration_ms, error };
}

function aRun(): Run {
  const self = `/api/v1/test-runs/${RUN_ID}`;
  return {
    id: RUN_ID,
    number: 1,
    name: 'nightly',
    description: '',
    project: 'shop',
    kind: 'queue',
    status: 'pending',
    reason: null,
    outcome: null,
    config: { args: [], env: {} },
    source: null,
    requirements: {},
    requests: {},
    environment: null,
    order: 'longest_first',
    deadline: null,
    total_shards: 0,
    total_tests: 0,
    tasks: { total: 1, finished: 0 },
    tests: { total: 0, settled: 0, expected: 0, unexpected: 0, flaky: 0, skipped: 0, passed: 0, failed: 0 },
    quarantined: [],
    depends_on: [],
    groups: [],
    progress: 0,
    success_rate: null,
    priority: 100,
    max_retries: 2,
    task_timeout_seconds: 3600,
    tags: [],
    metadata: {},
    created_by: 'me',
    rerun_of: null,
    playwright_version: null,
    tests_dir: null,
    report: { state: 'none', message: null },
    scheduled_for: null,
    schedule_cron: null,
    created_at: new Date().toISOString(),
    started_at: null,
    completed_at: null,
    duration_ms: null,
    links: {
      self,
      progress: `${self}/progress`,
      results: `/api/v1/results/${RUN_ID}`,
      download: `/api/v1/results/${RUN_ID}/download`,
      report: `${self}/report`,
    },
  };
}

const textOf = ({ id, data }: { id: string | null; data: string }): string =>
  `${id === null ? '' : `id: ${id}\n`}data: ${data}\n\n`;

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
