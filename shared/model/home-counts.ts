/** What came home, as people count it. */

/** Kinds of entries that people know; the others (tasks, grants, log lines …) are part of the sum alone. */
export const TOLD_KINDS = ['run', 'test', 'attempt', 'file'] as const;
export type ToldKind = (typeof TOLD_KINDS)[number];

/** `counts`: by kind, as both sides have compared them. Files are bytes that entries name, and no entries themselves. */
export function toldCounts(counts: Readonly<Record<string, number>>): {
  told: { kind: ToldKind; n: number }[];
  entries: number;
} {
  const told = TOLD_KINDS.map((kind) => ({ kind, n: counts[kind] ?? 0 }));
  const sum = Object.values(counts).reduce((all, n) => all + n, 0);
  return { told, entries: sum - (counts['file'] ?? 0) };
}
