/** A real HTTP server around a feed, and listeners that read its stream as a browser would. */
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { EventFeed, type FeedRequest } from '../../../coordinator/events/feed.ts';
import type { Database } from '../../../coordinator/storage/database.ts';
import { parseEventId } from '../../../shared/protocol/events.ts';
import { systemClock, type Clock } from '../../../shared/base/clock.ts';

export interface Served {
  feed: EventFeed;
  url: string;
  /** The server's side of each stream, in order of arrival. */
  responses: ServerResponse[];
}

/** Serves `/?run_id=…&after=…`. */
export async function serveFeed(database: Database, clock: Clock = systemClock): Promise<Served> {
  const feed = await EventFeed.open(database, clock);
  const responses: ServerResponse[] = [];
  const server = createServer((request, response) => {
    responses.push(response);
    const query = new URL(request.url ?? '/', 'http://local').searchParams;
    const after = parseEventId(request.headers['last-event-id']?.toString() ?? query.get('after') ?? '');
    const runId = query.get('run_id');
    const asked: FeedRequest = { ...(runId === null ? {} : { runId }), ...(after ? { after } : {}) };
    feed.serve(response, asked).catch(() => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    feed.close();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return { feed, responses, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

export interface Message {
  id: string | null;
  data: { seq: number; type: string; run_id: string | null; data: Record<string, unknown> } & Record<string, unknown>;
}

export interface Listening {
  response: IncomingMessage;
  messages: Message[];
  comments: number;
  /** Resolves once `condition` holds, looking again at whatever arrives. */
  until(condition: () => boolean): Promise<void>;
  /** Resolves when the stream has ended, from whichever side. */
  ended: Promise<void>;
  leave(): void;
}

export async function listen(url: string, headers: Record<string, string> = {}): Promise<Listening> {
  const request = get(url, { headers, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.setEncoding('utf8');
  let text = '';
  let wake = Promise.withResolvers<void>();
  const ended = new Promise<void>((resolve) => response.once('close', resolve));
  response.on('error', () => undefined);
  request.on('error', () => undefined);
  const listening: Listening = {
    response,
    messages: [],
    comments: 0,
    ended,
    leave: () => request.destroy(),
    async until(condition) {
      while (!condition()) await wake.promise;
    },
  };
  response.on('data', (chunk: string) => {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const block = text.slice(0, end);
      text = text.slice(end + 2);
      if (block.startsWith(':')) listening.comments += 1;
      else listening.messages.push(parse(block));
    }
    wake.resolve();
    wake = Promise.withResolvers();
  });
  onTestFinished(() => listening.leave());
  return listening;
}

function parse(block: string): Message {
  let id: string | null = null;
  let data = '';
  for (const line of block.split('\n')) {
    const [, field, value] = /^(id|data): (.*)$/.exec(line) ?? [];
    if (field === 'id') id = value!;
    else if (field === 'data') data += value;
    else throw new Error(`Not a line of an event stream: ${JSON.stringify(line)}`);
  }
  return { id, data: JSON.parse(data) as Message['data'] };
}
