/** Whoever stands between a machine and its feed: passes on, notes, changes or breaks off what is asked for. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Relay {
  url: string;
  /** `name`, with ` from N` where a range was asked for. */
  requests: string[];
  /** Bytes that were sent of files, not of metadata. */
  sentBytes: number;
  /** What is sent in place of a file's bytes; asked for whole answers. */
  change: (name: string, bytes: Buffer) => Buffer;
  /** After so many bytes of an answer the connection breaks. */
  breakAfter: (name: string) => number | null;
  close(): Promise<void>;
}

const PASSED_ON = ['content-range', 'etag', 'x-playfleet-staged-percent'];

/** `target`: the folder of the feed, asked at each request. */
export async function startRelay(target: () => string): Promise<Relay> {
  const relay: Relay = {
    url: '',
    requests: [],
    sentBytes: 0,
    change: (_name, bytes) => bytes,
    breakAfter: () => null,
    close,
  };
  const server = http.createServer((request, response) => {
    pass(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  async function pass(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const name = (request.url ?? '/').slice(1);
    const { range, authorization } = request.headers;
    relay.requests.push(range === undefined ? name : `${name} from ${/\d+/.exec(range)?.[0] ?? ''}`);
    const answer = await fetch(`${target()}/${name}`, {
      headers: { ...(range === undefined ? {} : { range }), ...(authorization === undefined ? {} : { authorization }) },
    });
    const body = Buffer.from(await answer.arrayBuffer());
    const bytes = answer.status === 200 ? relay.change(name, body) : body;
    const headers = Object.fromEntries(
      PASSED_ON.flatMap((key) => (answer.headers.get(key) === null ? [] : [[key, answer.headers.get(key) ?? '']])),
    );
    response.writeHead(answer.status, { ...headers, 'content-length': bytes.length });
    const limit = relay.breakAfter(name);
    const sent = limit === null ? bytes : bytes.subarray(0, limit);
    if (!name.endsWith('.json') && !name.endsWith('.yml')) relay.sentBytes += sent.length;
    if (limit === null || limit >= bytes.length) return void response.end(bytes);
    response.write(sent, () => setTimeout(() => response.destroy(), 50));
  }
  async function close(): Promise<void> {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  relay.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return relay;
}
