/**
 * Fuzzing: `npm run fuzz -- --minutes 5 --seed S`. Requests generated from the OpenAPI document, and every row of the table of bad input,
 * against a coordinator program. An answer of 500 and above (other than 503 and 507), a stack, SQL or a path in an answer, an error that is
 * no problem, a row answered otherwise than it must be, or memory that goes on growing fails. Prints figures, then one JSON line.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { OpenApiDocument } from '../../coordinator/http/openapi.ts';
import { api, freePort, Programs, type Coordinator } from '../../scripts/programs.ts';
import { send, type Sent } from './client.ts';
import { Ids, requestsTo, type Generated } from './generated.ts';
import { whatIsWrong } from './judge.ts';
import { growthPer10k, inspected, Inspector, type MemorySample } from './memory.ts';
import { rows, type Row, type Tokens } from './rows.ts';

const LANES = 4;
const PER_OPERATION = 4;
const MEGABYTE = 1024 * 1024;
/** Of memory that stays alive, by ten thousand requests. A leak of one kilobyte in each would be five times that. */
const MOST_GROWTH = 2 * MEGABYTE;
const SAMPLE_MS = 4000;
const MOST_SHOWN = 20;
const UNLIMITED = 10_000_000;

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '5' }, seed: { type: 'string' } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new Error('--minutes takes a number above 0');
const seed = Number(values.seed ?? Date.now() % 1_000_000_000);

const statuses: Record<string, number> = {};
const wrong: string[] = [];
const memory: MemorySample[] = [];
const ids = new Ids();
const asked = new Set<string>();
let generated = 0;
let rowsAsked = 0;

const folder = await mkdtemp(path.join(os.tmpdir(), 'playfleet-fuzz-'));
const programs = new Programs();
try {
  console.log(`seed ${seed}, ${minutes} minutes`);
  const port = await freePort(null);
  const coordinator = await programs.startCoordinator(folder, {
    args: ['--log-level', 'silent'],
    nodeArgs: inspected(port),
  });
  const inspector = await Inspector.open(port);
  const document = await api<OpenApiDocument>(coordinator, 'GET', '/openapi.json');
  const tokens = await makeTokens(coordinator);
  const until = performance.now() + minutes * 60_000;
  let round = 0;
  let sampledAt = -Infinity;
  do {
    await askRows(coordinator.url, rows(tokens));
    const requests = operationsOf(document).flatMap((one) =>
      requestsTo(document, one, { secrets: tokens, ids, seed: seed + round, count: PER_OPERATION }),
    );
    // Making them takes seconds on a busy machine: connections that the coordinator has closed meanwhile must be noticed.
    await new Promise((resolve) => setTimeout(resolve, 10));
    await askGenerated(coordinator.url, requests, until);
    if (performance.now() - sampledAt > SAMPLE_MS) {
      memory.push(await inspector.sample(generated + rowsAsked, coordinator.process.pid ?? 0));
      sampledAt = performance.now();
    }
    round += 1;
  } while (performance.now() < until);
  await askLimited(coordinator, tokens.viewer);
  inspector.close();
  const grown = growthPer10k(memory);
  if (grown > MOST_GROWTH) wrong.push(`${Math.round(grown)} bytes stay alive of ten thousand requests`);
  if (coordinator.process.exitCode !== null) wrong.push('the coordinator ended');
  const operations = operationsOf(document).length;
  console.table(statuses);
  for (const line of wrong.slice(0, MOST_SHOWN)) console.log(`✕ ${line}`);
  const holds = wrong.length === 0 && asked.size === operations;
  const figures = {
    seed,
    minutes,
    rounds: round,
    operations,
    operations_asked: asked.size,
    requests: generated + rowsAsked,
    generated,
  };
  const megabytes = (bytes = 0) => Math.round((bytes / MEGABYTE) * 10) / 10;
  const [first, last] = [memory[0], memory.at(-1)];
  const used = {
    samples: memory.length,
    live_mb: [megabytes(first?.live), megabytes(memory[Math.floor(memory.length / 2)]?.live), megabytes(last?.live)],
    resident_mb: [megabytes(first?.resident), megabytes(last?.resident)],
    growth_mb_per_10k_requests: Math.round((grown / MEGABYTE) * 100) / 100,
  };
  console.log(
    JSON.stringify({
      fuzz: { ...figures, rows: rows(tokens).length, by_status: statuses, memory: used, wrong: wrong.length },
      holds,
    }),
  );
  process.exitCode = holds ? 0 : 1;
} finally {
  await programs.stopAll();
  await rm(folder, { recursive: true, force: true });
}

async function makeTokens(coordinator: Coordinator): Promise<Tokens> {
  // What is limited is tried at the end; until then everything must get through.
  const limits = ['reads', 'changes', 'transfers', 'worker_calls', 'anonymous', 'failed_sign_ins'];
  await api(
    coordinator,
    'PUT',
    '/settings',
    Object.fromEntries(limits.map((name) => [`rate_limit_${name}_per_minute`, UNLIMITED])),
  );
  const make = (body: object) =>
    api<{ id: string; token: string }>(coordinator, 'POST', '/tokens', { name: 'fuzz', ...body });
  const viewer = await make({ kind: 'api', role: 'viewer' });
  const join = await make({ kind: 'join' });
  const body = { hostname: 'fuzz', capabilities: { browsers: ['chromium'], platform: 'linux', max_parallel: 4 } };
  const worker = await api<{ worker_id: string; api_key: string }>(
    { ...coordinator, token: join.token },
    'POST',
    '/workers/register',
    body,
  );
  const me = await api<{ id: string }>(coordinator, 'GET', '/auth/me');
  for (const id of [viewer.id, worker.worker_id, me.id]) ids.spare(id);
  const task = await taskOfSecondGrant(coordinator, worker.api_key);
  return { admin: coordinator.token, viewer: viewer.token, worker: worker.api_key, task };
}

/** A task that was granted twice: who comes with the fence of the first grant is late. */
async function taskOfSecondGrant(coordinator: Coordinator, key: string): Promise<string> {
  const asWorker = { ...coordinator, token: key };
  await api(coordinator, 'POST', '/test-runs/create', { name: 'fuzz', total_shards: 1, max_retries: 3 });
  const { task_id: task } = await api<{ task_id: string }>(asWorker, 'GET', '/tasks/next');
  await api(asWorker, 'POST', `/tasks/${task}/claim`, {});
  await api(asWorker, 'POST', `/tasks/${task}/fail`, { error_message: 'once' });
  await api(asWorker, 'POST', `/tasks/${task}/claim`, {});
  ids.spare(task);
  return task;
}

function operationsOf(document: OpenApiDocument) {
  return Object.entries(document.paths).flatMap(([at, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ method, path: at, operation })),
  );
}

async function askRows(url: string, table: readonly Row[]): Promise<void> {
  for (const row of table) {
    rowsAsked += 1;
    const status = await ask(url, row, row.what);
    if (!row.expected.includes(status))
      wrong.push(`${row.what}: must be ${row.expected.join(' or ')}, was answered ${status}`);
  }
}

async function askGenerated(url: string, requests: readonly Generated[], until: number): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (performance.now() < until) {
      const request = requests[next++];
      if (!request) return;
      generated += 1;
      asked.add(request.operation);
      await ask(url, request, 'generated');
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

async function ask(url: string, request: Sent, what: string): Promise<number> {
  const answer = await send(url, request);
  statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
  const body = typeof request.body === 'string' ? request.body : '';
  const finding = whatIsWrong(answer, `${asRead(request.path)} ${body}`, folder);
  if (finding !== null)
    wrong.push(
      `${what}: ${request.method} ${request.path.slice(0, 120)} ${body.slice(0, 300)} ${finding}: ${answer.text.slice(0, 300)}`,
    );
  else if (answer.status < 300) ids.keep(answer.text);
  return answer.status;
}

/** The last row: who asks too often is told when to come back. */
async function askLimited(coordinator: Coordinator, viewer: string): Promise<void> {
  await api(coordinator, 'PUT', '/settings', { rate_limit_reads_per_minute: 10 });
  const request = { method: 'GET', path: '/api/v1/test-runs', headers: { authorization: `Bearer ${viewer}` } };
  for (let n = 0; n < 11; n++) await ask(coordinator.url, request, 'rate limit');
  const { status, headers } = await send(coordinator.url, request);
  if (status !== 429 || !(Number(headers.get('retry-after')) > 0))
    wrong.push(`rate limit: must be 429 with Retry-After, was ${status}`);
}

/** An address as the coordinator reads it, as far as it is ASCII. */
function asRead(text: string): string {
  return text.replaceAll(/%([0-7][0-9A-Fa-f])/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
