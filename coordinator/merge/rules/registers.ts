/**
 * What may be changed on both sides: settings, people, policies, templates. Every version is kept; which one counts follows from the set of them,
 * so the order in which they come makes no difference. What was changed here since the copy was made wins; of the others the latest.
 */
import type { RegisterKind } from '../../../shared/protocol/offline/journal.ts';
import { hashText } from './union.ts';

export interface Version {
  /** Id of the origin. */
  origin: string;
  /** It was brought by an admin. */
  trusted: boolean;
  /** Hash of what it was when the origin began; null: it was not there. */
  base: string | null;
  /** JSON text; null: taken away. */
  value: string | null;
  /** Milliseconds, by the clock of the origin. */
  at: number;
  by: string;
}

export interface Choice {
  value: string | null;
  /** Whose it is; null: our own. */
  from: string | null;
  /** Versions that say something else, and why they do not count. */
  kept: { version: Version; why: string }[];
}

/** Who has a machine must not make themselves an admin with it, nor point sign-ins elsewhere: an admin looks at such changes. */
const NEEDS_ADMIN: ReadonlySet<RegisterKind> = new Set(['setting', 'person']);

export const hashValue = (value: string | null): string | null => (value === null ? null : hashText(value));

/** `own`: what this side has by itself, without any of the versions. At most one version of each origin. */
export function choose(kind: RegisterKind, own: string | null, versions: readonly Version[]): Choice {
  const ownHash = hashValue(own);
  const mayCount = (version: Version) => version.base === ownHash && (version.trusted || !NEEDS_ADMIN.has(kind));
  const others = versions.filter(({ value }) => value !== own).toSorted(later);
  const winner = others.find(mayCount);
  const value = winner ? winner.value : own;
  const kept = others
    .filter((version) => version.value !== value)
    .map((version) => ({ version, why: whyKept(version, ownHash, winner) }));
  return { value, from: winner?.origin ?? null, kept };
}

/** The latest first. Clocks may be a day apart: this only has to be the same everywhere, and what does not count is shown. */
const later = (a: Version, b: Version): number => b.at - a.at || (a.origin < b.origin ? 1 : -1);

function whyKept({ base }: Version, ownHash: string | null, winner: Version | undefined): string {
  if (base !== ownHash) return 'changed on both sides';
  return winner ? 'changed by two promoted coordinators' : 'needs the consent of an admin';
}
