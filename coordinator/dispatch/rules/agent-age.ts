/** Whether an agent is too old for this coordinator, and when its key is. */
import { compareVersions } from '../../../shared/base/version.ts';

/** Part of its life after which an agent replaces its key: in time for many tries before the key ends. */
const ROTATED_AT = 0.67;

/** A sentence for its log; null where the agent's version is taken. `least` null: any. */
export function whyTooOld(version: string, least: string | null): string | null {
  if (least === null || compareVersions(version, least) >= 0) return null;
  return (
    `this coordinator gives work to agents from ${least} on, this one is ${version}: update it. The desktop app and workers with ` +
    '--update-command do so by themselves; packages are listed at /api/v1/updates of the coordinator'
  );
}

/** In how many milliseconds the key is to be replaced; null: never. `lifeMs` null: it works for ever. */
export const rotateInMs = (createdAt: number, lifeMs: number | null, now: number): number | null =>
  lifeMs === null ? null : Math.max(0, Math.round(createdAt + lifeMs * ROTATED_AT - now));
