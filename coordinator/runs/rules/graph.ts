/** What must wait for what: node → the nodes that come before it. Nodes that are only named as coming before wait for nothing. */
export type Graph = ReadonlyMap<string, readonly string[]>;

/** Nodes of which each waits for the next, the last being the first again; null where there is no such circle. */
export function findCycle(graph: Graph): string[] | null {
  const done = new Set<string>();
  for (const start of graph.keys()) {
    // The way from `start` to here; not recursive, because graphs of people's making may be deep.
    const way: { node: string; left: string[] }[] = [];
    const onWay = new Set<string>();
    const enter = (node: string): void => {
      way.push({ node, left: [...(graph.get(node) ?? [])] });
      onWay.add(node);
    };
    if (!done.has(start)) enter(start);
    for (let here = way.at(-1); here; here = way.at(-1)) {
      const next = here.left.shift();
      if (next === undefined) {
        way.pop();
        onWay.delete(here.node);
        done.add(here.node);
      } else if (onWay.has(next)) {
        const nodes = way.map(({ node }) => node);
        return [...nodes.slice(nodes.indexOf(next)), next];
      } else if (!done.has(next)) enter(next);
    }
  }
  return null;
}

/** How many nodes stand before each one on the longest way to it: those of 0 wait for nothing. The graph has no circle. */
export function depths(graph: Graph): Map<string, number> {
  const known = new Map<string, number>();
  const stack = [...graph.keys()];
  for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) {
    const before = graph.get(node) ?? [];
    const unknown = before.filter((each) => !known.has(each));
    if (unknown.length > 0) stack.push(...unknown);
    else {
      known.set(node, Math.max(0, ...before.map((each) => (known.get(each) ?? 0) + 1)));
      stack.pop();
    }
  }
  return known;
}
