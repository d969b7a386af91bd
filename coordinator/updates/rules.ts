/** Pure decisions about releases. */
import { compareVersions } from '../../shared/base/version.ts';
import type { Release } from '../../shared/protocol/rest/updates.ts';
import type { UpdateManifest } from '../../shared/protocol/update.ts';

interface Standing {
  channel: string;
  version: string;
  expires_at: number;
  withdrawn_at: number | null;
}

/** Of the releases of one channel the one that is offered: the newest that was not withdrawn. */
export function currentOf<T extends Standing>(releases: readonly T[]): T | null {
  const offered = releases.filter(({ withdrawn_at }) => withdrawn_at === null);
  return offered.sort((a, b) => compareVersions(b.version, a.version))[0] ?? null;
}

export function stateOf(release: Standing, current: Standing | null, now: number): Release['state'] {
  if (release.withdrawn_at !== null) return 'withdrawn';
  if (release.version !== current?.version) return 'older';
  return release.expires_at <= now ? 'expired' : 'current';
}

/**
 * How long the files of a withdrawn release stay: machines that are loading them come to an end, and who has withdrawn it by mistake imports it
 * again without carrying its packages.
 */
export const WITHDRAWN_KEPT_MS = 7 * 24 * 3_600_000;

export const isToClear = ({ withdrawn_at }: Pick<Standing, 'withdrawn_at'>, now: number): boolean =>
  withdrawn_at !== null && withdrawn_at + WITHDRAWN_KEPT_MS <= now;

/** All files that a manifest names. */
export const filesIn = ({ feeds, packages }: UpdateManifest) => [...feeds, ...packages];

/** Files of a version never change: null, or the name of one that would. */
export function changedFile(before: UpdateManifest, after: UpdateManifest): string | null {
  const known = new Map(before.packages.map(({ name, sha512 }) => [name, sha512]));
  const changed = after.packages.find(({ name, sha512 }) => known.has(name) && known.get(name) !== sha512);
  return changed?.name ?? null;
}
