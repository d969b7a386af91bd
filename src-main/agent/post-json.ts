import http from 'node:http';
import https from 'node:https';
import { agentFor } from '../transfer/pinned.ts';

export interface PostAnswer {
  status: number;
  text: string;
}

export interface Way {
  /** null: nobody yet. */
  bearer: string | null;
  /** Of the coordinator's own certificate. */
  pin: string | null;
  timeoutMs: number;
}

/** An answer that says what it has to say is short. */
const MOST_BYTES = 1024 * 1024;

/**
 * One POST over Node's own client: `fetch` would stay in the memory of an idle agent with 10 MB. Redirects are answers like others, so that
 * a token is never taken elsewhere. Rejects with what the network says, or after `timeoutMs`.
 */
export function postJson(url: string, body: unknown, { bearer, pin, timeoutMs }: Way): Promise<PostAnswer> {
  const bytes = Buffer.from(JSON.stringify(body));
  const headers = {
    ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
    'content-type': 'application/json',
    'content-length': bytes.length,
  };
  const client = url.startsWith('https:') ? https : http;
  return new Promise((resolve, reject) => {
    const request = client.request(url, {
      method: 'POST',
      headers,
      agent: agentFor(pin) ?? false,
      signal: AbortSignal.timeout(timeoutMs),
    });
    request.on('error', (error) => {
      reject(error.name === 'AbortError' ? new Error(`no answer within ${timeoutMs / 1000} s`) : error);
    });
    request.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
        if (text.length > MOST_BYTES) request.destroy(new Error('the answer is too long'));
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.end(bytes);
  });
}
