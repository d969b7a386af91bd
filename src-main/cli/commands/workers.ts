/** `playfleet workers`: the machines of the fleet, and what is asked of them. */
import { z } from 'zod';
import { page } from '../../../shared/protocol/rest/common.ts';
import { worker as workerShape, type Worker, type WorkerIntent } from '../../../shared/protocol/rest/workers.ts';
import type { Api } from '../api.ts';
import { printJson, printLine, styleOf, type Cli } from '../cli.ts';
import { openApi } from '../open-api.ts';
import { CliFailure, EXIT } from '../failure.ts';
import { foreignLine } from '../terminal/foreign.ts';
import { ago, bytes, counted, duration } from '../terminal/format.ts';
import type { Style } from '../terminal/style.ts';
import { tableLines, type Column } from '../terminal/table.ts';

interface Json {
  json?: boolean;
}

const path = (id: string): string => `/api/v1/workers/${encodeURIComponent(id)}`;

export async function readWorkers(api: Api): Promise<Worker[]> {
  const workers: Worker[] = [];
  let cursor: string | null = null;
  do {
    const after: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const answer: { items: Worker[]; next_cursor: string | null } = await api.get(
      `/api/v1/workers?limit=200${after}`,
      page(workerShape),
    );
    workers.push(...answer.items);
    cursor = answer.next_cursor;
  } while (cursor !== null);
  return workers;
}

export async function listWorkers(cli: Cli, { json }: Json): Promise<number> {
  const api = await openApi(cli);
  const workers = await readWorkers(api);
  if (json) printJson(cli, workers);
  else if (workers.length === 0) printLine(cli, 'No workers. Make a join token with: playfleet token create --join');
  else printWorkers(cli, workers);
  return EXIT.ok;
}

export function printWorkers(cli: Cli, workers: readonly Worker[]): void {
  const style = styleOf(cli);
  const now = cli.clock.now();
  const columns: Column<Worker>[] = [
    { title: 'WORKER', value: (one) => foreignLine(one.hostname), flexible: true },
    { title: 'STATE', value: (one) => stateOf(one, style) },
    { title: 'TASKS', value: (one) => `${one.current_tasks.length}/${one.max_parallel_tasks}`, right: true },
    { title: 'MACHINE', value: machineOf, flexible: true },
    { title: 'BROWSERS', value: (one) => Object.keys(one.capabilities.browsers).join(', ') || 'none', flexible: true },
    { title: 'TAGS', value: (one) => foreignLine(one.tags.join(', ')), flexible: true },
    { title: 'SEEN', value: (one) => ago(now - Date.parse(one.last_seen_at)) },
  ];
  for (const line of tableLines(workers, columns, style, cli.stdout.columns ?? 140)) printLine(cli, line);
  for (const { hostname, breaker } of workers) {
    if (breaker.state === 'closed') continue;
    const next =
      breaker.next_try_at === null
        ? 'it is tried with one task at a time'
        : `it is tried again in ${duration(Math.max(0, Date.parse(breaker.next_try_at) - now))}`;
    const name = foreignLine(hostname);
    const why = foreignLine(breaker.reason ?? 'it failed too often');
    printLine(cli, `${name}: ${why}; ${next}. When it is mended: playfleet workers reset ${name}`);
  }
}

function stateOf({ status, intent, breaker, approved }: Worker, { paint, signs }: Style): string {
  if (!approved) return paint('yellow', `${signs.skipped} not approved`);
  if (status !== 'offline' && intent === 'active' && breaker.state === 'open')
    return paint('red', `${signs.failed} held back`);
  if (status !== 'offline' && intent === 'active' && breaker.state === 'half_open')
    return paint('yellow', `${signs.running} on trial`);
  if (status === 'offline') return paint('red', `${signs.failed} offline`);
  if (intent !== 'active') return paint('yellow', `${signs.skipped} ${intent}`);
  return status === 'busy' ? paint('blue', `${signs.running} busy`) : paint('green', `${signs.passed} ${status}`);
}

function machineOf({ capabilities: { platform, arch, cpus, memory_bytes } }: Worker): string {
  const system = { darwin: 'macOS', win32: 'Windows', linux: 'Linux' }[platform as string] ?? platform;
  return `${system} ${foreignLine(arch)}, ${counted(cpus, 'CPU')}, ${bytes(memory_bytes)}`;
}

const DONE: Record<WorkerIntent, string> = {
  active: 'takes work again',
  paused: 'takes nothing new; what it runs goes on',
  draining: 'takes nothing new and finishes what it runs',
  maintenance: 'is in maintenance',
};

/** `name`: host name or id. */
export async function setIntent(
  cli: Cli,
  name: string,
  intent: WorkerIntent,
  options: Json & { reason?: string },
): Promise<number> {
  const api = await openApi(cli);
  const worker = await findWorker(api, name);
  const body = { intent, ...(options.reason === undefined ? {} : { reason: options.reason }) };
  await api.send('PATCH', path(worker.id), body, z.unknown());
  if (options.json) printJson(cli, { worker_id: worker.id, hostname: worker.hostname, intent });
  else printLine(cli, `${foreignLine(worker.hostname)} ${DONE[intent]}.`);
  return EXIT.ok;
}

/** Lets a worker have work again at once whose circuit breaker is open. */
export async function resetBreaker(cli: Cli, name: string, options: Json): Promise<number> {
  const api = await openApi(cli);
  const worker = await findWorker(api, name);
  await api.send('POST', `${path(worker.id)}/reset-breaker`, undefined, z.unknown());
  if (options.json) printJson(cli, { worker_id: worker.id, hostname: worker.hostname, breaker: 'closed' });
  else printLine(cli, `${foreignLine(worker.hostname)} gets work again; its earlier failures are forgotten.`);
  return EXIT.ok;
}

/** Where the setting worker_approval is on. */
export async function approveWorker(cli: Cli, name: string, options: Json): Promise<number> {
  const api = await openApi(cli);
  const worker = await findWorker(api, name);
  await api.send('POST', `${path(worker.id)}/approve`, undefined, z.unknown());
  if (options.json) printJson(cli, { worker_id: worker.id, hostname: worker.hostname, approved: true });
  else printLine(cli, `${foreignLine(worker.hostname)} is approved and gets work.`);
  return EXIT.ok;
}

export async function removeWorker(cli: Cli, name: string, options: Json): Promise<number> {
  const api = await openApi(cli);
  const worker = await findWorker(api, name);
  await api.send('DELETE', path(worker.id), undefined, z.unknown());
  if (options.json) printJson(cli, { worker_id: worker.id, hostname: worker.hostname, removed: true });
  else printLine(cli, `${foreignLine(worker.hostname)} is removed; its key works no longer.`);
  return EXIT.ok;
}

export async function findWorker(api: Api, name: string): Promise<Worker> {
  const workers = await readWorkers(api);
  const found = workers.find((one) => one.hostname === name || one.id === name);
  if (found) return found;
  const names = workers.map((one) => foreignLine(one.hostname)).slice(0, 10);
  throw new CliFailure(
    `There is no worker named ${name}.`,
    names.length === 0 ? 'There are no workers yet: playfleet token create --join' : `There are: ${names.join(', ')}.`,
  );
}
