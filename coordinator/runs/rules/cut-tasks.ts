/**
 * Cuts the units of a queue run into shares, one task per slot: longest units first, each to the emptiest share (LPT); where a
 * run begins with likely failures, these are dealt out before all others, so that each slot begins with its part of them. What turns out
 * longer than expected is taken back by idle slots while it runs (dispatch/rules/steal.ts), so there is no need to cut smaller pieces ahead,
 * each of which would cost the start of a process.
 */
import { MaxHeap } from '../../../shared/base/max-heap.ts';
import type { Asked } from './asks.ts';

export interface CuttableUnit extends Asked {
  no: number;
  expectedMs: number;
  /** That it fails, 0–1; left out: the run does not ask for likely failures first. */
  likelihood?: number;
  /** Browsers it needs, as `tasks.needs` holds them: a task has one set, so that any machine with these browsers can take it. */
  needs: string;
  /** Task group; units of different groups never share a task. null or left out: in none. */
  group?: number | null;
}

export interface CutTask extends Asked {
  needs: string;
  group: number | null;
  unitNos: number[];
  expectedMs: number;
}

/**
 * `slots` is how many processes could work at once now; more or fewer may join later. `startMs`: what starting a process costs; no share is
 * expected to be shorter, unless there is not more. Returns tasks in the order in which they should be handed out, their units in
 * the order in which they begin. Every unit is in exactly one task. Cost: O(n log n).
 */
export function cutTasks(units: readonly CuttableUnit[], slots: number, startMs: number): CutTask[] {
  // One task asks for one thing, so that one rule says where it may run.
  const keyOf = ({ group = null, needs, cpus, memoryBytes }: CuttableUnit) =>
    `${group} ${needs} ${cpus} ${memoryBytes}`;
  const bySet = Map.groupBy(units, keyOf);
  const total = sum(units);
  const tasks = [...bySet.values()].flatMap((list) => {
    // Slots are divided among the sets of browsers and the groups as their work is.
    const part = total === 0 ? 1 : sum(list) / total;
    const worthIt = Math.floor(sum(list) / Math.max(1, startMs));
    const shares = Math.max(1, Math.min(Math.round(slots * part), worthIt, list.length));
    return cutShares(list, shares);
  });
  return tasks.sort((a, b) => b.expectedMs - a.expectedMs);
}

function cutShares(units: readonly CuttableUnit[], shares: number): CutTask[] {
  const { needs = '', cpus = 0, memoryBytes = 0, group = null } = units[0] ?? {};
  const emptiest = new MaxHeap<CutTask & { place: number }>((a, b) => b.expectedMs - a.expectedMs || b.place - a.place);
  const tasks: (CutTask & { place: number })[] = [];
  for (let place = 0; place < shares; place++) {
    const task = { needs, cpus, memoryBytes, group, unitNos: [], expectedMs: 0, place };
    tasks.push(task);
    emptiest.push(task);
  }
  for (const unit of units.toSorted(byTurn)) {
    const task = emptiest.pop();
    if (!task) break;
    task.unitNos.push(unit.no);
    task.expectedMs += unit.expectedMs;
    emptiest.push(task);
  }
  // Units that are expected to take no time at all leave a share as empty as it was.
  return tasks.filter(({ unitNos }) => unitNos.length > 0).map(({ place: _, ...task }) => task);
}

/** Likely failures by their likelihood, then the longest. */
function byTurn(a: CuttableUnit, b: CuttableUnit): number {
  return (b.likelihood ?? 0) - (a.likelihood ?? 0) || b.expectedMs - a.expectedMs || a.no - b.no;
}

const sum = (units: readonly CuttableUnit[]): number => units.reduce((total, unit) => total + unit.expectedMs, 0);
