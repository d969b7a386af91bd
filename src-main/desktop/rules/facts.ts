/** Which facts of the desktop the agent is told, and when: at once what changes its mind, the rest seldom, so that an idle agent sleeps. */
import type { DesktopFacts } from '../../../shared/protocol/desktop/agent.ts';

/** How often idle seconds are told while they only grow. */
const EVERY_MS = 15_000;

export interface LastFacts {
  facts: DesktopFacts;
  at: number;
}

/** null: nothing to tell. */
export function factsToTell(facts: DesktopFacts, last: LastFacts | null, now: number): DesktopFacts | null {
  if (last === null) return facts;
  const { idleSeconds: idle = null, ...rest } = facts;
  const { idleSeconds: before = null, ...restBefore } = last.facts;
  const hasChanged = (Object.keys({ ...rest, ...restBefore }) as (keyof typeof rest)[]).some(
    (key) => rest[key] !== restBefore[key],
  );
  // Somebody is back: they should not wait for it.
  const isBack = idle !== null && (before === null || idle < before);
  return hasChanged || isBack || now - last.at >= EVERY_MS ? facts : null;
}
