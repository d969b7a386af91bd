/**
 * Divides slots between runs of equal priority: max-min fair by weight, first between users, then between the projects of a user, then
 * equally between the runs of a project. Whoever has least for its weight gets the next slot; who can use no more leaves the rest to others.
 */

export interface Contender {
  id: string;
  user: string;
  project: string;
  /** Slots that it holds now. */
  held: number;
  /** Further slots that it could use now. */
  demand: number;
}

/** 1 for whoever is not named. */
export interface Weights {
  users: ReadonlyMap<string, number>;
  projects: ReadonlyMap<string, number>;
}

interface Node {
  /** Slots of all below it, and of those that want none: what was given before counts. */
  held: number;
  demand: number;
  weight: number;
  children: Node[];
  /** Of a leaf. */
  id: string | null;
}

/**
 * Slots for each run out of `free`; runs that get none are left out. The sum is the smaller of `free` and all demand. Earlier contenders win
 * ties. `held` of contenders without demand counts for their user and project. Cost: O(free · (users + projects + runs)).
 */
export function shareOut(contenders: readonly Contender[], free: number, weights: Weights): Map<string, number> {
  const root = treeOf(contenders, weights);
  const shares = new Map<string, number>();
  for (let left = free; left > 0 && root.demand > 0; left--) {
    let node = root;
    take(node);
    while (node.id === null) {
      node = neediest(node.children);
      take(node);
    }
    shares.set(node.id, (shares.get(node.id) ?? 0) + 1);
  }
  return shares;
}

/** The run that gets the next free slot; null where nobody wants one. */
export function nextInShare(contenders: readonly Contender[], weights: Weights): string | null {
  const [id] = shareOut(contenders, 1, weights).keys();
  return id ?? null;
}

function treeOf(contenders: readonly Contender[], weights: Weights): Node {
  const users = [...Map.groupBy(contenders, ({ user }) => user)].map(([user, theirs]) => {
    const projects = [...Map.groupBy(theirs, ({ project }) => project)].map(([project, runs]) =>
      branch(
        runs.map(({ id, held, demand }) => ({ id, held, demand, weight: 1, children: [] })),
        weights.projects.get(project),
      ),
    );
    return branch(projects, weights.users.get(user));
  });
  return branch(users);
}

function branch(children: Node[], weight = 1): Node {
  const sum = (of: 'held' | 'demand') => children.reduce((total, child) => total + child[of], 0);
  return { id: null, children, weight, held: sum('held'), demand: sum('demand') };
}

function take(node: Node): void {
  node.held++;
  node.demand--;
}

/** Compared by what each would have with one more: so a weight of 2 gets its second slot before a weight of 1 gets a second. */
function neediest(nodes: readonly Node[]): Node {
  const level = (node: Node) => (node.held + 1) / node.weight;
  return nodes.filter((node) => node.demand > 0).reduce((best, node) => (level(node) < level(best) ? node : best));
}
