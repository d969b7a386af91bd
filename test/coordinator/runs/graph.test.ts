import fc from 'fast-check';
import { expect, test } from 'vitest';
import { depths, findCycle } from '../../../coordinator/runs/rules/graph.ts';
import { contains, matchesFile } from '../../../coordinator/runs/rules/wildcard.ts';

const graphs = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 11 }), fc.integer({ min: 0, max: 11 })), { maxLength: 30 })
  .map((edges) => {
    const graph = new Map<string, string[]>();
    for (const [from, to] of edges) graph.set(`n${from}`, [...(graph.get(`n${from}`) ?? []), `n${to}`]);
    return graph;
  });

/** Another way to the same answer: take away what waits for nothing until nothing more can be taken. */
function canAllBegin(graph: ReadonlyMap<string, readonly string[]>): boolean {
  const left = new Map([...graph].map(([node, before]) => [node, new Set(before)]));
  for (;;) {
    const free = [...left].find(([, before]) => [...before].every((node) => !left.has(node)));
    if (!free) return left.size === 0;
    left.delete(free[0]);
  }
}

test('a graph is refused exactly when some of it could never begin, and the circle that is named is one of its own', () => {
  let circles = 0;
  fc.assert(
    fc.property(graphs, (graph) => {
      const cycle = findCycle(graph);
      expect(cycle === null).toBe(canAllBegin(graph));
      if (cycle === null) return;
      circles++;
      expect(cycle[0]).toBe(cycle.at(-1));
      expect(cycle.length).toBeGreaterThan(1);
      for (const [i, node] of cycle.slice(0, -1).entries()) expect(graph.get(node)).toContain(cycle[i + 1]);
    }),
    { numRuns: 1000 },
  );
  expect(circles).toBeGreaterThan(50);
});

test('oneself is a circle of one, and a chain of 50,000 is none', () => {
  expect(findCycle(new Map([['a', ['a']]]))).toEqual(['a', 'a']);
  const chain = new Map(Array.from({ length: 50_000 }, (_, i) => [`n${i}`, [`n${i + 1}`]] as const));
  expect(findCycle(chain)).toBeNull();
  expect(depths(chain).get('n0')).toBe(50_000);
});

test('what waits for another is deeper than that', () => {
  fc.assert(
    fc.property(graphs, (graph) => {
      fc.pre(findCycle(graph) === null);
      const depth = depths(graph);
      for (const [node, before] of graph)
        for (const each of before) expect(depth.get(node) ?? 0).toBeGreaterThan(depth.get(each) ?? 0);
    }),
  );
});

test('file patterns mean folders as people expect them', () => {
  const table: [pattern: string, file: string, fits: boolean][] = [
    ['shop/cart.spec.ts', 'shop/cart.spec.ts', true],
    ['shop/*.spec.ts', 'shop/cart.spec.ts', true],
    ['*.spec.ts', 'shop/cart.spec.ts', false],
    ['**/*.spec.ts', 'cart.spec.ts', true],
    ['**/*.spec.ts', 'a/b/cart.spec.ts', true],
    ['shop/**', 'shop/a/b.ts', true],
    ['shop/**', 'shopping/a.ts', false],
    ['shop/**/pay/*', 'shop/a/pay/b/pay/c', true],
    ['shop/**/pay/*', 'shop/a/pay/b/c', false],
    ['c?rt.ts', 'cart.ts', true],
    ['c?rt.ts', 'c/rt.ts', false],
    ['**', 'a/b', true],
  ];
  for (const [pattern, file, fits] of table)
    expect([pattern, file, matchesFile(pattern, file)]).toEqual([pattern, file, fits]);
});

test('text is found anywhere, with * for any text, as a regular expression of the same meaning finds it', () => {
  const letters = (max: number) => fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: max });
  fc.assert(
    fc.property(letters(6), fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 }), (words, text) => {
      expect(contains(words, text)).toBe(new RegExp(words.replaceAll('*', '.*')).test(text));
    }),
    { numRuns: 1000 },
  );
});

test('a pattern made to take for ever does not', () => {
  const began = performance.now();
  expect(matchesFile(`${'*a'.repeat(100)}b`, 'a'.repeat(1000))).toBe(false);
  expect(matchesFile(`${'**/a/'.repeat(100)}b`, 'a/'.repeat(500))).toBe(false);
  expect(performance.now() - began).toBeLessThan(1000);
});
