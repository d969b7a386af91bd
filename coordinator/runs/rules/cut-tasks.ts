/**
 * Cuts the units of a queue run into tasks whose sizes shrink toward the end ("factoring"): the first tasks are large, so that few
 * processes are started; the last are small, so that slots finish together. Units go longest first (DESIGN.md section 6).
 */

export interface CuttableUnit {
  no: number;
  expectedMs: number;
  /** Browsers it needs, as `tasks.needs` holds them: a task has one set, so that any machine with these browsers can take it. */
  needs: string;
}

export interface CutTask {
  needs: string;
  unitNos: number[];
  expectedMs: number;
}

/** Starting a Playwright process costs 1.5–2.5 s (FACTS.md): a task much shorter than this is mostly overhead. */
const SMALLEST_TASK_MS = 3_000;
/** Share of the remaining work that one round of tasks, one per slot, takes. */
const ROUND_SHARE = 0.5;

/**
 * `slots` is how many processes could work at once now; more or fewer may join later. Returns tasks in the order in which they should be
 * handed out. Every unit is in exactly one task. Cost: O(n log n).
 */
export function cutTasks(units: readonly CuttableUnit[], slots: number): CutTask[] {
  const bySet = new Map<string, CuttableUnit[]>();
  for (const unit of units) {
    const list = bySet.get(unit.needs);
    if (list) list.push(unit);
    else bySet.set(unit.needs, [unit]);
  }
  const tasks = [...bySet].flatMap(([needs, list]) => cutOneSet(needs, list, Math.max(1, slots)));
  return tasks.sort((a, b) => b.expectedMs - a.expectedMs);
}

function cutOneSet(needs: string, units: CuttableUnit[], slots: number): CutTask[] {
  const queue = [...units].sort((a, b) => b.expectedMs - a.expectedMs || a.no - b.no);
  let remainingMs = queue.reduce((sum, unit) => sum + unit.expectedMs, 0);
  const tasks: CutTask[] = [];
  let next = 0;
  while (next < queue.length) {
    // One round: `slots` tasks of equal target size, each unit to the emptiest, so that a round ends together.
    const targetMs = Math.max(SMALLEST_TASK_MS, (remainingMs * ROUND_SHARE) / slots);
    const round: CutTask[] = [];
    let open = Math.min(slots, queue.length - next);
    while (open-- > 0) round.push({ needs, unitNos: [], expectedMs: 0 });
    while (next < queue.length) {
      const unit = queue[next];
      const emptiest = round.reduce((a, b) => (b.expectedMs < a.expectedMs ? b : a));
      if (unit === undefined || (emptiest.unitNos.length > 0 && emptiest.expectedMs + unit.expectedMs > targetMs))
        break;
      emptiest.unitNos.push(unit.no);
      emptiest.expectedMs += unit.expectedMs;
      remainingMs -= unit.expectedMs;
      next++;
    }
    tasks.push(...round.filter((task) => task.unitNos.length > 0));
  }
  return tasks;
}
