/** Sends one request and reads all of its answer; streams that do not end are left after their beginning. */
import type { Answer } from './judge.ts';

export interface Sent {
  method: string;
  /** Path and query. */
  path: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;
}

const MOST_READ = 200_000;

export async function send(
  url: string,
  { method, path, headers = {}, body }: Sent,
): Promise<Answer & { headers: Headers }> {
  const answer = await fetch(url + path, {
    method,
    // A connection that is kept may be closed by the coordinator in the very moment in which it is used again. One that carries a stream must
    // be kept: a refusal comes while the body is still on its way, and would be lost with the connection.
    headers: body instanceof ReadableStream ? headers : { ...headers, connection: 'close' },
    redirect: 'manual',
    ...(body === undefined ? {} : { body }),
    ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
  });
  const contentType = answer.headers.get('content-type') ?? '';
  const { status } = answer;
  if (contentType.startsWith('text/event-stream')) {
    await answer.body?.cancel();
    return { status, contentType, text: '', headers: answer.headers };
  }
  return { status, contentType, text: (await answer.text()).slice(0, MOST_READ), headers: answer.headers };
}
