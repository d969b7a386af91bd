/** Whether an agent is too old for this coordinator, and when its key is. */
import { compareVersions } from '../../../shared/base/version.ts';

/** Part of its life after which an agent replaces its key: in time for many tries before the key ends. */
const ROTATED_AT = 0.67;

/** A sentence for its log; null where the agent's version is taken. `version` null: it has not said one. `least` null: any. */
export function whyTooOld(version: string | null, least: string | null): string | null {
  if (least === null || (version !== null && compareVersions(version, least) >= 0)) return null;
  const rule = `this coordinator gives work to agents from ${least} on`;
  if (version === null) return `${rule}, this one has not said its version: say it as agent_version in the heartbeat`;
  return (
    `${rule}, this one is ${version}: update it. The desktop app and workers with ` +
    '--update-command do so by themselves; packages are listed at /api/v1/updates of the coordinator'
  );
}

/** In how many milliseconds the key is to be replaced; null: never. `lifeMs` null: it works for ever. */
export const rotateInMs = (createdAt: number, lifeMs: number | null, now: number): number | null =>
  lifeMs === null ? null : Math.max(0, Math.round(createdAt + lifeMs * ROTATED_AT - now));
