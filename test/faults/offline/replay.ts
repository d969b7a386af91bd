/** Brings again what a promoted coordinator has brought: the same requests, in any order, whole or spoilt. */
import type { JournalBatch, VerifyAnswer } from '../../../shared/protocol/offline/journal.ts';
import { until } from '../bench.ts';
import type { Coordinator } from '../../../scripts/programs.ts';
import type { SeenRequest } from '../link-proxy.ts';

export const batchesOf = (seen: readonly SeenRequest[]): SeenRequest[] =>
  seen.filter(({ method, path }) => method === 'POST' && path.endsWith('/journal'));

export const announcementsOf = (seen: readonly SeenRequest[]): SeenRequest[] => {
  const last = new Map(seen.filter(({ method }) => method === 'PUT').map((request) => [request.path, request]));
  return [...last.values()];
};

/** The last comparison of each origin: all that it has. */
export const comparisonsOf = (seen: readonly SeenRequest[]): SeenRequest[] => {
  const last = new Map(seen.filter(({ path }) => path.endsWith('/verify')).map((request) => [request.path, request]));
  return [...last.values()];
};

export interface Answered {
  status: number;
  body: string;
}

export async function send({ url }: Pick<Coordinator, 'url'>, request: SeenRequest): Promise<Answered> {
  const answer = await fetch(url + request.path, {
    method: request.method,
    headers: { authorization: request.authorization, 'content-type': 'application/json' },
    body: request.body,
  });
  return { status: answer.status, body: await answer.text() };
}

/** All of them must be taken; returns how many entries were new. */
export async function sendAll(coordinator: Coordinator, requests: readonly SeenRequest[]): Promise<number> {
  let stored = 0;
  for (const request of requests) {
    const { status, body } = await send(coordinator, request);
    if (status !== 200) throw new Error(`${request.method} ${request.path} was answered ${status}: ${body}`);
    stored += (JSON.parse(body) as { stored?: number }).stored ?? 0;
  }
  return stored;
}

/** Files that `to` lacks of what is compared, from one that has them. */
export async function bringFiles(from: Coordinator, to: Coordinator, requests: readonly SeenRequest[]): Promise<void> {
  for (const request of requests) {
    const { missing } = await until(
      async () => JSON.parse((await send(to, request)).body) as VerifyAnswer,
      ({ waiting }) => waiting === 0,
      'everything to be in place',
      60_000,
    );
    for (const hash of missing) {
      const at = `/api/v1/blobs/${hash}`;
      const file = await fetch(from.url + at, { headers: { authorization: `Bearer ${from.token}` } });
      const headers = { authorization: `Bearer ${to.token}` };
      const taken = await fetch(to.url + at, { method: 'PUT', headers, body: await file.arrayBuffer() });
      if (!file.ok || !taken.ok)
        throw new Error(`${at} was answered ${file.status}, and ${taken.status} where it was brought`);
    }
  }
}

/** Waits until everything is in place; returns what central has of each origin, as text. */
export async function compareAll(coordinator: Coordinator, requests: readonly SeenRequest[]): Promise<string[]> {
  const summaries: string[] = [];
  for (const request of requests) {
    const answer = await until(
      async () => {
        const { status, body } = await send(coordinator, request);
        if (status !== 200) throw new Error(`${request.path} was answered ${status}: ${body}`);
        return JSON.parse(body) as VerifyAnswer;
      },
      (one) => one.equal,
      'both sides to have the same',
      60_000,
    );
    summaries.push(JSON.stringify(answer.summary));
  }
  return summaries;
}

/** The same batch with one change that its hashes do not know of, cut short, or out of the future. */
export function spoilt(request: SeenRequest, random: () => number): { what: string; request: SeenRequest }[] {
  const change = (edit: (batch: JournalBatch) => void): SeenRequest => {
    const batch = JSON.parse(request.body) as JournalBatch;
    edit(batch);
    return { ...request, body: JSON.stringify(batch) };
  };
  const any = (batch: JournalBatch) => {
    const entry = batch.entries[Math.floor(random() * batch.entries.length)];
    if (!entry) throw new Error('an empty batch was recorded');
    return entry;
  };
  return [
    { what: 'a value', request: change((batch) => Object.assign(any(batch).row, { id: 'changed' })) },
    { what: 'a revision', request: change((batch) => (any(batch).rev += 1)) },
    { what: 'a kind', request: change((batch) => Object.assign(any(batch), { kind: 'person' })) },
    { what: 'a column', request: change((batch) => Object.assign(any(batch).row, { evil: 1 })) },
    { what: 'a hash', request: change((batch) => (any(batch).hash = '0'.repeat(64))) },
    { what: 'the schema', request: change((batch) => (batch.schema = 1_000_000)) },
    {
      what: 'its end',
      request: { ...request, body: request.body.slice(0, Math.floor(request.body.length * random())) },
    },
    { what: 'who sends it', request: { ...request, authorization: 'Bearer pfy_nobody' } },
  ];
}
