/** When standing in for the coordinator, and following who does, are offered. */
import type { AgentStatus } from '../../../shared/protocol/desktop/agent.ts';
import type { DesktopState } from '../../../shared/protocol/desktop/state.ts';

/** Its coordinator does not answer. A machine that is paused need not reach anybody, and says nothing of it. */
export const hasLostCoordinator = (status: AgentStatus | null): boolean => status?.state === 'offline';

/** Whoever is connected has no need of it: a click by mistake would lead a team apart. */
export function offersPromotion({ offline, agent, isSetUp }: DesktopState): boolean {
  const { copy, promotion, follows } = offline;
  if (!isSetUp || copy === null || promotion !== null || follows !== null) return false;
  const state = agent.status?.state;
  return state === 'offline' || state === 'paused' || state === undefined;
}

/** The coordinator that the app works for; null: none, or this computer's own. */
export const centralName = ({ coordinators }: DesktopState): string | null =>
  coordinators.find(({ active, own }) => active && !own)?.name ?? null;
