/** What differs between the two versions of something that was changed on both sides, in lines that people can compare. */
import type { Conflict } from '../fleet/offline.ts';

export interface Difference {
  /** Which part of it, as in `roles.default`; '': the whole. */
  field: string;
  /** null: not there. */
  ours: string | null;
  theirs: string | null;
}

export function differences({ ours, theirs }: Pick<Conflict, 'ours' | 'theirs'>): Difference[] {
  if (!isObject(ours) || !isObject(theirs)) return [{ field: '', ours: textOf(ours), theirs: textOf(theirs) }];
  const [here, there] = [new Map(leaves(ours)), new Map(leaves(theirs))];
  return [...new Set([...here.keys(), ...there.keys()])]
    .map((field) => ({ field, ours: here.get(field) ?? null, theirs: there.get(field) ?? null }))
    .filter((each) => each.ours !== each.theirs);
}

/** As people call it: a template has its team in its key. */
export function nameOf({ kind, key }: Pick<Conflict, 'kind' | 'key'>): string {
  if (kind !== 'template') return key;
  const [team, name] = JSON.parse(key) as [string, string];
  return `${name} (${team})`;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const textOf = (value: unknown): string | null =>
  value === null ? null : typeof value === 'string' ? value : JSON.stringify(value);

/** Rules and templates travel as JSON text within the value. */
function* leaves(value: Record<string, unknown>, before = ''): Generator<[string, string | null]> {
  for (const [name, found] of Object.entries(value)) {
    const inner: unknown =
      (name === 'data' || name === 'options') && typeof found === 'string' ? JSON.parse(found) : found;
    if (isObject(inner)) yield* leaves(inner, `${before}${name}.`);
    else yield [before + name, textOf(inner)];
  }
}
