/** What went wrong with a request, in words for people, with the fields that are to be mended. */
import type { FieldError, Problem } from '../../shared/protocol/rest/common.ts';

export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** Of HTTP; 0 = no answer came at all. */
  readonly status: number;
  /** Stable, for programs: `validation_failed`, `not_found`; `no_answer` without one. */
  readonly code: string;
  readonly errors: readonly FieldError[];
  /** Names the request in the coordinator's log; null without an answer. */
  readonly requestId: string | null;

  constructor(message: string, about: Partial<Pick<ApiError, 'status' | 'code' | 'errors' | 'requestId'>> = {}) {
    super(message);
    this.status = about.status ?? 0;
    this.code = about.code ?? 'no_answer';
    this.errors = about.errors ?? [];
    this.requestId = about.requestId ?? null;
  }

  /** What is to be mended in a field: `requirements.browsers` also finds what is wrong inside of it. null: nothing. */
  field(name: string): string | null {
    const found = this.errors.find(
      ({ field }) => field === name || field.startsWith(`${name}.`) || field.startsWith(`${name}[`),
    );
    return found?.message ?? null;
  }

  /** Nobody is signed in here, or not any more. */
  get isSignedOut(): boolean {
    return this.status === 401;
  }

  /** Whether the same may do later: no answer, or a coordinator that has too much to do. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status === 503;
  }
}

/** The error that an answer stands for; `body` is what could be read of it. */
export function errorOf(status: number, body: unknown): ApiError {
  if (!isProblem(body)) return new ApiError(`HTTP ${status}`, { status, code: `http_${status}` });
  const { detail, code, errors = [], instance } = body;
  // The detail of a validation error is general: what counts is said per field.
  const message = errors.length > 0 ? errors.map(({ field, message }) => `${field} ${message}`).join('. ') : detail;
  return new ApiError(message, { status, code, errors, requestId: instance.replace('urn:uuid:', '') });
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'detail' in body && 'code' in body && 'instance' in body;
}
