import http, { type IncomingHttpHeaders } from 'node:http';
import https from 'node:https';
import { agentFor } from '../transfer/pinned.ts';

export interface PostAnswer {
  status: number;
  text: string;
  headers: IncomingHttpHeaders;
}

export interface Way {
  /** null: nobody yet. */
  bearer: string | null;
  /** Of the coordinator's own certificate. */
  pin: string | null;
  timeoutMs: number;
  /** An answer that says what it has to say is short, unless the caller knows better. Bytes. */
  mostBytes?: number;
}

const MOST_BYTES = 1024 * 1024;

/**
 * One POST over Node's own client: `fetch` would stay in the memory of an idle agent with 10 MB. Redirects are answers like others, so that
 * a token is never taken elsewhere. Rejects with what the network says, or after `timeoutMs`.
 */
export const postJson = (url: string, body: unknown, way: Way): Promise<PostAnswer> =>
  ask('POST', url, Buffer.from(JSON.stringify(body)), {}, way);

/** The same for a GET. */
export const getJson = (url: string, headers: Record<string, string>, way: Way): Promise<PostAnswer> =>
  ask('GET', url, null, headers, way);

function ask(
  method: string,
  url: string,
  body: Buffer | null,
  more: Record<string, string>,
  { bearer, pin, timeoutMs, mostBytes = MOST_BYTES }: Way,
): Promise<PostAnswer> {
  const headers = {
    ...more,
    ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
    ...(body && { 'content-type': 'application/json', 'content-length': body.length }),
  };
  const client = url.startsWith('https:') ? https : http;
  return new Promise((resolve, reject) => {
    const request = client.request(url, {
      method,
      headers,
      agent: agentFor(pin) ?? false,
      signal: AbortSignal.timeout(timeoutMs),
    });
    request.on('error', (error) => {
      reject(error.name === 'AbortError' ? new Error(`no answer within ${timeoutMs / 1000} s`) : error);
    });
    request.on('response', (response) => {
      const parts: Buffer[] = [];
      let size = 0;
      response.on('data', (part: Buffer) => {
        parts.push(part);
        size += part.length;
        if (size > mostBytes) request.destroy(new Error('the answer is too long'));
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          text: Buffer.concat(parts).toString(),
          headers: response.headers,
        }),
      );
    });
    if (body === null) request.end();
    else request.end(body);
  });
}
