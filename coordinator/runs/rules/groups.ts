/** Task groups within a run: which units belong to which, and when each may begin, is left out, or has ended. */
import type { PlannedTest, Unit } from '../../../shared/protocol/playwright.ts';
import type { GroupState, TaskGroup } from '../../../shared/protocol/work.ts';
import { findCycle, type Graph } from './graph.ts';
import { contains, matchesFile } from './wildcard.ts';

/** What is wrong with the groups of a request, as a field below `groups` and words that complete "<field> …"; null where nothing is. */
export function groupsProblem(groups: readonly TaskGroup[]): { field: string; message: string } | null {
  const names = new Set<string>();
  for (const [i, { name }] of groups.entries()) {
    if (names.has(name))
      return { field: `${i}.name`, message: `"${name}" stands there twice: give each group its own name` };
    names.add(name);
  }
  for (const [i, { after }] of groups.entries()) {
    const unknown = after.findIndex((name) => !names.has(name));
    if (unknown >= 0)
      return {
        field: `${i}.after.${unknown}`,
        message: `names no group of this run: "${after[unknown]}" (groups: ${[...names].join(', ')})`,
      };
  }
  const cycle = findCycle(graphOf(groups));
  return cycle && { field: 'after', message: `would wait for ever: ${cycle.join(' → ')}` };
}

export const graphOf = (groups: readonly Pick<TaskGroup, 'name' | 'after'>[]): Graph =>
  new Map(groups.map(({ name, after }) => [name, after]));

/** The index of the first group that takes a unit, of which `tests` are the tests; null where none does. */
export function groupOf(groups: readonly TaskGroup[], unit: Unit, tests: readonly PlannedTest[]): number | null {
  const index = groups.findIndex(({ select }) => tests.some((test) => isSelected(select, unit, test)));
  return index < 0 ? null : index;
}

/** All that is named must hold. */
function isSelected({ project, file, tag, grep }: TaskGroup['select'], unit: Unit, test: PlannedTest): boolean {
  if (project !== undefined && project !== unit.project) return false;
  if (file !== undefined && !matchesFile(file, unit.file)) return false;
  if (tag !== undefined && !test.tags.some((each) => bare(each) === bare(tag))) return false;
  return grep === undefined || contains(grep, [unit.project, unit.file, ...test.titlePath, ...test.tags].join(' '));
}

const bare = (tag: string) => tag.replace(/^@/, '');

export interface GroupStanding extends Pick<TaskGroup, 'name' | 'after' | 'on_failure'> {
  state: GroupState;
  /** Whether any of its tasks has still to end. */
  isOpen: boolean;
  /** Whether any test of it failed or could not run, or any task. Only looked at once it is not open. */
  hasFailed: boolean;
}

export interface GroupChange {
  name: string;
  state: Exclude<GroupState, 'waiting'>;
  reason: string | null;
}

/** All that follows from the states, in the order in which it happens. Called again with what it returned, it returns nothing. */
export function advanceGroups(groups: readonly GroupStanding[]): GroupChange[] {
  const state = new Map(groups.map((group) => [group.name, group.state]));
  const changes: GroupChange[] = [];
  const change = (name: string, to: GroupChange['state'], reason: string | null) => {
    state.set(name, to);
    changes.push({ name, state: to, reason });
  };
  for (let before = -1; before < changes.length;) {
    before = changes.length;
    for (const { name, after, on_failure, isOpen, hasFailed } of groups) {
      if (state.get(name) === 'waiting' && after.every((each) => isEnded(state.get(each)))) {
        const bad = on_failure === 'skip' ? after.find((each) => state.get(each) !== 'passed') : undefined;
        if (bad !== undefined)
          change(name, 'skipped', `group "${bad}" ${state.get(bad) === 'failed' ? 'failed' : 'was not run'}`);
        else change(name, 'running', null);
      }
      if (state.get(name) === 'running' && !isOpen) {
        change(name, hasFailed ? 'failed' : 'passed', hasFailed ? 'tests or tasks of it failed' : null);
      }
    }
  }
  return changes;
}

export const isEnded = (state: GroupState | undefined): boolean =>
  state === 'passed' || state === 'failed' || state === 'skipped';

/** For people; null where it does not wait. */
export function whyGroupWaits({ after }: Pick<TaskGroup, 'after'>, state: GroupState): string | null {
  if (state !== 'waiting') return null;
  return after.length === 0
    ? 'waits until the run is planned'
    : `waits for ${after.map((name) => `"${name}"`).join(', ')}`;
}
