/** What went wrong between us and the coordinator, in words that name the mend. */
import { problem, type Problem } from '../../shared/protocol/rest/common.ts';
import { isUntrusted, MEND_UNTRUSTED, wrongPinIn } from '../transfer/pinned.ts';
import { CliFailure, messageOf } from './failure.ts';
import { foreignLine } from './terminal/foreign.ts';

/** A failure of the way or of the moment, as opposed to a refusal: worth another try. */
export class PassingFailure extends CliFailure {
  override readonly name = 'PassingFailure';
  /** As the server asked, milliseconds. */
  readonly retryAfterMs: number | null;

  constructor(message: string, mend: string, retryAfterMs: number | null, options?: ErrorOptions) {
    super(message, mend, options);
    this.retryAfterMs = retryAfterMs;
  }
}

/** The coordinator understood and refused. */
export class RefusedFailure extends CliFailure {
  override readonly name = 'RefusedFailure';
  readonly status: number;
  /** Stable name of the reason; '' where the answer had none. */
  readonly code: string;

  constructor(message: string, mend: string, status: number, code: string) {
    super(message, mend);
    this.status = status;
    this.code = code;
  }
}

export const MEND_LOGIN =
  'Log in with the link that the coordinator printed (playfleet login URL#TOKEN), or set PLAYFLEET_URL and PLAYFLEET_TOKEN.';

/** `reason`: what the network said. */
export function unreachable(url: string, reason: string, cause: unknown): PassingFailure {
  const refused = /ECONNREFUSED/.test(reason);
  return new PassingFailure(
    refused
      ? `No coordinator answers at ${url}.`
      : `The coordinator at ${url} cannot be reached: ${foreignLine(reason)}.`,
    refused
      ? 'Start one (playfleet up, or playfleet coordinator), or log in to another one (playfleet login URL#TOKEN).'
      : 'Check the address (playfleet login URL#TOKEN, or PLAYFLEET_URL) and the network between.',
    null,
    { cause },
  );
}

/** null where something else than trust lacked. Trying again does not help, and could help who is in between. */
export function distrusted(url: string, error: unknown): CliFailure | null {
  const wrong = wrongPinIn(error);
  if (wrong) {
    return new CliFailure(
      `This is not the coordinator that this login is for, at ${url}: ${wrong.message}. Nothing was sent to it.`,
      `Ask whoever runs it for its pin (it prints it at its start). If it is ${wrong.seen}, log in anew: playfleet login '${url}#TOKEN.${wrong.seen}'`,
      { cause: error },
    );
  }
  if (!isUntrusted(error)) return null;
  return new CliFailure(
    `The certificate of the coordinator at ${url} is not trusted here: ${foreignLine(messageOf(error))}.`,
    `If it is its own, ${MEND_UNTRUSTED}.`,
    { cause: error },
  );
}

const PASSING = new Set([408, 425, 429, 502, 503, 504]);

/** `body`: the answer's text. */
export function failureOf(url: string, response: Response, body: string): CliFailure {
  const { status } = response;
  const said = readProblem(body);
  if (said === null && !PASSING.has(status)) {
    return new CliFailure(
      `${url} answered ${status} in a way that no Playfleet coordinator does.`,
      'Check the address: playfleet login URL#TOKEN, or PLAYFLEET_URL.',
    );
  }
  const message = said === null ? `the coordinator answered ${status}` : sentence(said);
  if (PASSING.has(status)) {
    const seconds = Number(response.headers.get('retry-after') ?? NaN);
    return new PassingFailure(message, 'Try again in a moment.', seconds >= 0 ? Math.min(seconds, 30) * 1000 : null);
  }
  return new RefusedFailure(message, mendOf(status), status, said?.code ?? '');
}

function readProblem(body: string): Problem | null {
  try {
    const parsed = problem.safeParse(JSON.parse(body));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** The detail names the first bad field; the others follow. */
function sentence({ detail, errors = [] }: Problem): string {
  const others = errors.slice(1).map((error) => `${error.field} ${error.message}`);
  return foreignLine([detail, ...others].join('; '));
}

function mendOf(status: number): string {
  if (status === 401) return MEND_LOGIN;
  if (status === 403) return 'Ask an admin of this coordinator, or use a token with more rights.';
  if (status === 507) return 'Free disk space on the coordinator; what is stored already stays readable.';
  if (status >= 500) return "The coordinator's log tells more.";
  return '';
}
