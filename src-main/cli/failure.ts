/** Something the user can mend: printed as one line and a mend, without a stack, and ends the program with exit code 2. */
export class CliFailure extends Error {
  override readonly name: string = 'CliFailure';
  /** What to do about it, as a sentence or a command; '' where the message says it all. */
  readonly mend: string;

  constructor(message: string, mend = '', options?: ErrorOptions) {
    super(message, options);
    this.mend = mend;
  }
}

/** Exit codes of every command. */
export const EXIT = {
  ok: 0,
  /** Tests failed. */
  failed: 1,
  /** Bad usage, nothing reachable, or the run could not be carried out. */
  trouble: 2,
  /** Ended by Ctrl-C or another signal. */
  cancelled: 130,
} as const;

/** The message of anything thrown; for errors of `fetch`, of what lies beneath. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error && (error.message === 'fetch failed' || error.message === 'terminated')) {
    return messageOf(cause);
  }
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error.message;
}
