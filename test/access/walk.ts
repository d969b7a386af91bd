/** Calls every operation of the OpenAPI document, and the agents' link, as everybody who may come. */
import { WebSocket } from 'ws';
import type { OpenApiDocument } from '../../coordinator/http/openapi.ts';
import { CALLERS, makeCallers, NO_LONGER, shown, type Caller, type Callers, type Coordinator } from './callers.ts';
import { expectationOf, fits, type Expected } from './expectation.ts';

export interface Answered {
  status: number;
  /** Of a problem. */
  code: string | null;
}

export interface Cell extends Answered {
  /** `GET /api/v1/workers/{id}` */
  route: string;
  access: string;
  caller: Caller;
  expected: Expected;
  fits: boolean;
}

const LINK = { path: '/api/v1/link', access: 'worker' };

export async function walk(coordinator: Coordinator): Promise<Cell[]> {
  const callers = await makeCallers(coordinator);
  const document = (await (await fetch(`${coordinator.url}/api/v1/openapi.json`)).json()) as OpenApiDocument;
  const cells: Cell[] = [];
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, { 'x-access': access }] of Object.entries(operations)) {
      for (const caller of CALLERS) {
        const answer = await ask(coordinator.url, method.toUpperCase(), path, caller, callers);
        cells.push(cell(`${method.toUpperCase()} ${path}`, access, caller, answer));
      }
    }
  }
  for (const caller of CALLERS) {
    const answer = await openLink(coordinator.url + LINK.path, callers.secrets[caller]);
    // Cookies are not looked at there: who shows one alone shows nothing.
    const expected = callers.secrets[caller]?.includes('=') ? 'unauthenticated' : expectationOf(LINK.access, caller);
    cells.push(cell(`WebSocket ${LINK.path}`, LINK.access, caller, answer, expected));
  }
  return cells;
}

function cell(
  route: string,
  access: string,
  caller: Caller,
  answer: Answered,
  expected = expectationOf(access, caller),
): Cell {
  return { route, access, caller, expected, ...answer, fits: fits(expected, answer) };
}

async function ask(url: string, method: string, path: string, caller: Caller, callers: Callers): Promise<Answered> {
  const secret = usesUp(path) && isUser(caller) ? await callers.fresh(caller) : callers.secrets[caller];
  const bodied = method !== 'GET' && method !== 'DELETE';
  const answer = await fetch(url + addressOf(path, caller, callers), {
    method,
    redirect: 'manual',
    headers: {
      ...shown(url, secret),
      ...(bodied ? { 'content-type': 'application/json' } : {}),
    },
    ...(bodied ? { body: '{}' } : {}),
  });
  const { status } = answer;
  if (answer.headers.get('content-type')?.startsWith('application/problem+json') === true) {
    return { status, code: ((await answer.json()) as { code: string }).code };
  }
  if (caller === 'worker' && path.endsWith('/rotate-key')) await takeNewKey(answer, callers);
  else await answer.body?.cancel();
  return { status, code: null };
}

/** A worker that asked for a new key goes on with it. */
async function takeNewKey(answer: Response, callers: Callers): Promise<void> {
  callers.secrets.worker = ((await answer.json()) as { api_key: string }).api_key;
}

/** Ids that do not exist, so that nothing changes; but a worker is asked about itself, where it may do something. */
function addressOf(path: string, caller: Caller, { workerId }: Callers): string {
  const own = caller === 'worker' && path.startsWith('/api/v1/workers/{id}');
  return path
    .replace('{id}', own ? workerId : 'x')
    .replace('{sha256}', '0'.repeat(64))
    .replace('{format}', 'json')
    .replaceAll(/\{\w+\}/g, 'x');
}

const usesUp = (path: string): boolean => path === '/api/v1/auth/logout';
const isUser = (caller: Caller): caller is Parameters<Callers['fresh']>[0] =>
  caller !== 'none' && caller !== 'worker' && caller !== 'sync' && !(NO_LONGER as readonly string[]).includes(caller);

function openLink(url: string, secret: string | null): Promise<Answered> {
  return new Promise((resolve, reject) => {
    // A browser sends an Origin with its cookie; without it, the cookie alone must open nothing here.
    const { origin: _, ...headers } = shown(url, secret);
    const socket = new WebSocket(url.replace(/^http/, 'ws'), { headers });
    socket.on('open', () => {
      socket.close();
      resolve({ status: 101, code: null });
    });
    socket.on('unexpected-response', (request, answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
      answer.on('end', () => {
        request.destroy();
        resolve({ status: answer.statusCode ?? 0, code: (JSON.parse(text) as { code: string }).code });
      });
    });
    socket.on('error', reject);
  });
}
