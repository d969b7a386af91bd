/** One seed: histories of two to four origins, brought to several places in pieces, in any order and more than once. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { choose, hashValue, type Version } from '../../coordinator/merge/rules/registers.ts';
import {
  add,
  differences,
  hashEntry,
  nameOf,
  NOTHING,
  summarise,
  unite,
  type Brought,
  type Known,
} from '../../coordinator/merge/rules/union.ts';
import { FACT_KINDS, type JournalEntry, type RegisterKind } from '../../shared/protocol/offline/journal.ts';
import type { Figures } from './database-property.ts';

const ORIGINS = ['a', 'b', 'c', 'd'];

interface Written {
  kind: JournalEntry['kind'];
  id: number;
  value: number;
}

/** What an origin wrote, in its order: writing the same id again is another revision of it. */
const history = fc.array(fc.record({ kind: fc.constantFrom(...FACT_KINDS), id: fc.nat(4), value: fc.nat(1000) }), {
  maxLength: 12,
});

function journalOf(origin: string, writes: readonly Written[]): Brought[] {
  const revs = new Map<string, number>();
  return writes.map(({ kind, id, value }) => {
    const name = `${kind} ${id}`;
    const rev = (revs.get(name) ?? 0) + 1;
    revs.set(name, rev);
    const entry = { kind, id: String(id), rev, run: null, parts: 0, row: { value } };
    return { origin, entry: { ...entry, hash: hashEntry(origin, entry) } };
  });
}

const take = (known: Known, brought: readonly Brought[]): Known => brought.reduce(add, known);
const sorted = (known: Known) =>
  [...known].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, { entry }]) => [name, entry.rev, entry.hash]);
const same = (one: Known, other: Known, what: string) => assert.deepEqual(sorted(one), sorted(other), what);

const seeds = fc.record({
  histories: fc.array(history, { minLength: 2, maxLength: 4 }),
  /** In which order and how often each entry is brought, to each of three places. */
  orders: fc.array(fc.array(fc.nat(1000), { maxLength: 60 }), { minLength: 3, maxLength: 3 }),
  cut: fc.nat(100),
});

/** Any of the entries in any order, some of them again. */
const shuffled = (all: readonly Brought[], order: readonly number[]): Brought[] =>
  all.length === 0 ? [] : order.map((n) => all[n % all.length]!);

const value = fc.option(fc.nat(3).map(String));
const registers = fc.record({
  kind: fc.constantFrom<RegisterKind>('setting', 'person', 'policy', 'template'),
  own: value,
  versions: fc.array(fc.record({ base: value, value, at: fc.nat(5), trusted: fc.boolean() }), { maxLength: 4 }),
  order: fc.nat(1000),
});

/** Throws with the smallest history that breaks the invariant. */
export function checkMergeRules(count: number, seed: number): Figures {
  const figures: Figures = { seeds: count, commands: 0, seen: {} };
  const met = (what: string) => (figures.seen[what] = (figures.seen[what] ?? 0) + 1);
  fc.assert(
    fc.property(seeds, ({ histories, orders, cut }) => {
      const all = histories.flatMap((writes, n) => journalOf(ORIGINS[n]!, writes));
      figures.commands += all.length;
      const [x, y, z] = orders.map((order) => take(NOTHING, shuffled(all, order))) as [Known, Known, Known];
      same(unite(x, y), unite(y, x), 'commutative');
      same(unite(unite(x, y), z), unite(x, unite(y, z)), 'associative');
      same(unite(x, x), x, 'idempotent');
      // Pieces, then everything: as if everything had come at once, in order.
      const whole = take(NOTHING, all);
      const halves = unite(take(x, all.slice(cut % (all.length + 1))), take(y, all.slice(0, cut % (all.length + 1))));
      same(halves, whole, 'in pieces');
      for (const brought of all) {
        const kept = whole.get(nameOf(brought));
        assert(kept && kept.entry.rev >= brought.entry.rev, 'lossless');
        if (kept.entry.rev > brought.entry.rev) met('superseded revisions');
      }
      for (const origin of ORIGINS) {
        assert.deepEqual(differences(summarise(halves, origin), summarise(whole, origin)), [], 'sums');
        // Whoever lacks something is told so.
        const without = [...whole].find(([, brought]) => brought.origin === origin);
        if (!without) continue;
        const rest = new Map(whole);
        rest.delete(without[0]);
        assert.deepEqual(differences(summarise(rest, origin), summarise(whole, origin)), [without[1].entry.kind]);
        met('losses that were noticed');
      }
    }),
    { numRuns: count, seed },
  );
  fc.assert(
    fc.property(registers, ({ kind, own, versions, order }) => {
      const brought = versions.map((version, n): Version => ({
        ...version,
        origin: ORIGINS[n]!,
        base: hashValue(version.base),
        by: 'somebody',
      }));
      const rotated = brought.map((_, n) => brought[(n + order) % brought.length]!);
      const choice = choose(kind, own, brought);
      assert.deepEqual(choose(kind, own, rotated), choice, 'the order of versions makes no difference');
      assert.deepEqual(choose(kind, own, [...rotated].reverse()), choice);
      for (const version of brought) {
        const isShown = choice.kept.some((kept) => kept.version === version);
        assert(version.value === own || version.value === choice.value || isShown, 'a version was lost');
      }
      const winner = brought.find(({ origin }) => origin === choice.from);
      if (winner) assert.equal(winner.base, hashValue(own), 'what was changed here lost');
      else assert.equal(choice.value, own);
      met(winner ? 'versions that count' : 'own values that stay');
      if (choice.kept.length > 0) met('versions that are kept');
    }),
    { numRuns: count, seed },
  );
  return figures;
}
