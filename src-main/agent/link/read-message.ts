import { coordinatorMessage, type CoordinatorMessage } from '../../../shared/protocol/link.ts';

/** Reads one frame of the coordinator; `problem` says what is wrong with it, for the log. */
export function readMessage(text: string): { message: CoordinatorMessage } | { problem: string } {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return { problem: 'not JSON' };
  }
  const parsed = coordinatorMessage.safeParse(raw);
  if (parsed.success) return { message: parsed.data };
  const issue = parsed.error.issues[0];
  return { problem: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not understood'}` };
}
