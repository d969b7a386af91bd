/** Why a request was not carried out. Throw one anywhere below a handler; http/problem.ts makes the answer of it. */
import type { FieldError } from '../../shared/protocol/rest/common.ts';

export type RefusalStatus =
  400 | 401 | 403 | 404 | 405 | 408 | 409 | 410 | 412 | 413 | 415 | 416 | 422 | 426 | 429 | 431 | 503 | 507;

export interface RefusalOptions {
  errors?: readonly FieldError[];
  headers?: Readonly<Record<string, string>>;
  cause?: unknown;
}

export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: RefusalStatus;
  readonly code: string;
  readonly errors: readonly FieldError[] | undefined;
  readonly headers: Readonly<Record<string, string>>;

  /** `code` is stable and for programs; `detail` says to people what is wrong and how to mend it, without paths, SQL or stacks. */
  constructor(status: RefusalStatus, code: string, detail: string, options: RefusalOptions = {}) {
    super(detail, { cause: options.cause });
    this.status = status;
    this.code = code;
    this.errors = options.errors;
    this.headers = options.headers ?? {};
  }
}

/** `what` with its name, e.g. `worker 0199…`. */
export function notFound(what: string): Refusal {
  return new Refusal(404, 'not_found', `There is no ${what}.`);
}

/** A field whose value has the right shape, but cannot be taken. `message` ends a sentence that begins with the field. */
export function badField(field: string, message: string): Refusal {
  return new Refusal(422, 'validation_failed', `${field} ${message}`, { errors: [{ field, message }] });
}
