/** What an agent says, understood or not. */
import { isTooDeep, MAX_JSON_DEPTH } from '../../../shared/base/json-depth.ts';
import { agentMessage, type AgentMessage } from '../../../shared/protocol/link.ts';

/** `reportId`: of a report that cannot be understood. */
export type Parsed = { message: AgentMessage } | { problem: string; reportId: number | null };

export function parseMessage(text: string): Parsed {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return { problem: 'not JSON', reportId: null };
  }
  if (typeof raw !== 'object' || raw === null) return { problem: 'not an object', reportId: null };
  const { type, id } = raw as { type?: unknown; id?: unknown };
  const reportId = type === 'report' && typeof id === 'number' ? id : null;
  if (isTooDeep(text)) return { problem: `nested more than ${MAX_JSON_DEPTH} deep`, reportId };
  const parsed = agentMessage.safeParse(raw);
  if (parsed.success) return { message: parsed.data };
  const issue = parsed.error.issues[0];
  const problem = `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not understood'}`;
  return { problem, reportId };
}
