/** What the app does not do, and why: becomes a `problem` of the answer to the page. */
import type { DesktopProblem } from '../../../shared/protocol/desktop/state.ts';
import { CliFailure } from '../../cli/failure.ts';
import { NotKept } from '../keep/vault.ts';
import { AgentRefused } from '../parts/agent-part.ts';

export class DesktopRefusal extends Error {
  override readonly name = 'DesktopRefusal';
  readonly code: string;
  readonly field: string | null;

  /** `message` says what is wrong and how to mend it. */
  constructor(code: string, message: string, field: string | null = null, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.field = field;
  }
}

/** Of anything thrown; null for our own faults, which go to the log. */
export function problemOf(error: unknown): DesktopProblem | null {
  if (error instanceof DesktopRefusal) return { code: error.code, message: error.message, field: error.field };
  if (error instanceof AgentRefused) return { code: 'agent_refused', message: error.message, field: error.field };
  if (error instanceof NotKept)
    return { code: 'no_safe_place', message: `Nothing secret is kept yet. ${error.message}`, field: null };
  if (error instanceof CliFailure)
    return { code: 'refused', message: [error.message, error.mend].filter(Boolean).join(' '), field: null };
  return null;
}
