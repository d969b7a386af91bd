/** Rules of every list of coordinators that a machine remembers: the one of a worker's data folder, and the one of the desktop app. */

export interface CoordinatorList<T extends { id: string }> {
  coordinators: readonly T[];
  /** Id of the one that is worked for; null: none. */
  active: string | null;
}

export const activeIn = <T extends { id: string }>({ coordinators, active }: CoordinatorList<T>): T | null =>
  coordinators.find(({ id }) => id === active) ?? null;

/** Last in the list, instead of what was known of it, and worked for from now on. */
export const remembering = <T extends { id: string }>(
  list: CoordinatorList<T>,
  one: T,
): { coordinators: T[]; active: string } => ({ coordinators: [...without(list, one.id), one], active: one.id });

export const without = <T extends { id: string }>({ coordinators }: CoordinatorList<T>, id: string): T[] =>
  coordinators.filter((one) => one.id !== id);

/** unknown: it is not remembered. active: who works for it would be left without one. */
export type ListRefusal = 'unknown' | 'active';

export const whyNotChosen = ({ coordinators }: CoordinatorList<{ id: string }>, id: string): 'unknown' | null =>
  coordinators.some((one) => one.id === id) ? null : 'unknown';

export const whyNotForgotten = (list: CoordinatorList<{ id: string }>, id: string): ListRefusal | null =>
  whyNotChosen(list, id) ?? (list.active === id ? 'active' : null);

const MOST_SLUG = 50;

/**
 * An id for the one at `url`: that of `known` there, or a new one, made of what it is called, so that folders tell whose they are. `taken`: ids
 * that others have, or that mean something else.
 */
export function idFor(
  { url, called }: { url: string; called: string },
  known: readonly { id: string; url: string | null }[],
  taken: readonly string[],
): string {
  const same = known.find((one) => one.url === url);
  if (same) return same.id;
  const slug = called
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, MOST_SLUG)
    .replaceAll(/^-|-$/g, '');
  const base = slug || 'coordinator';
  const names = new Set([...taken, ...known.map(({ id }) => id)]);
  let id = base;
  for (let n = 2; names.has(id); n++) id = `${base}-${n}`;
  return id;
}
