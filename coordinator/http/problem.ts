/** Turns what was thrown into the one form of error answers. Nothing of the inside (stack, SQL, path) leaves through here. */
import { STATUS_CODES } from 'node:http';
import { HTTPException } from 'hono/http-exception';
import { PROBLEM_TYPE, type Problem } from '../../shared/protocol/rest/common.ts';
import { StorageFullError, StorageLockedError } from '../storage/database.ts';
import { Refusal, type RefusalStatus } from './refusal.ts';

/** The refusal that an error amounts to; null for a mistake of ours (500). */
export function asRefusal(error: unknown): Refusal | null {
  if (error instanceof Refusal) return error;
  if (error instanceof StorageFullError) return new Refusal(507, 'storage_full', error.message);
  if (error instanceof StorageLockedError) return new Refusal(503, 'storage_locked', error.message);
  // Thrown by the framework's validators.
  if (error instanceof HTTPException && error.status === 400) {
    return new Refusal(400, 'malformed_json', 'The body is not valid JSON.');
  }
  if (error instanceof HTTPException && error.status < 500) {
    return new Refusal(error.status as RefusalStatus, `http_${error.status}`, error.message);
  }
  return null;
}

export function problemOf(refusal: Refusal | null, requestId: string): Problem {
  const status = refusal?.status ?? 500;
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail:
      refusal?.message ?? `Something went wrong in the coordinator. Its log has the cause under the id ${requestId}.`,
    instance: `urn:uuid:${requestId}`,
    code: refusal?.code ?? 'internal',
    ...(refusal?.errors ? { errors: [...refusal.errors] } : {}),
  };
}

export function problemResponse(refusal: Refusal | null, requestId: string): Response {
  const body = problemOf(refusal, requestId);
  return new Response(JSON.stringify(body), {
    status: body.status,
    headers: { 'content-type': PROBLEM_TYPE, 'cache-control': 'no-store', ...refusal?.headers },
  });
}
