import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findCycle } from '../../../coordinator/runs/rules/graph.ts';
import {
  advanceGroups,
  graphOf,
  groupOf,
  groupsProblem,
  isEnded,
  type GroupStanding,
} from '../../../coordinator/runs/rules/groups.ts';
import { cutTasks } from '../../../coordinator/runs/rules/cut-tasks.ts';
import type { Unit } from '../../../shared/protocol/playwright.ts';
import { taskGroup, type GroupState, type TaskGroup } from '../../../shared/protocol/work.ts';
import { plannedTest } from '../../support/suites.ts';

const group = (name: string, after: string[] = [], over: Partial<TaskGroup> = {}): TaskGroup =>
  taskGroup.parse({ name, select: { file: '**' }, after, ...over });

const randomGroups = fc
  .array(
    fc.record({
      after: fc.array(fc.integer({ min: 0, max: 7 }), { maxLength: 3 }),
      on_failure: fc.constantFrom('skip' as const, 'continue' as const),
      tasks: fc.integer({ min: 0, max: 3 }),
      fails: fc.boolean(),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((list) =>
    list.map(({ after, ...rest }, i) => ({
      ...rest,
      name: `g${i}`,
      after: [...new Set(after)].filter((no) => no < list.length).map((no) => `g${no}`),
    })),
  );

describe('groups of a request', () => {
  test('are refused exactly for circles, unknown names and names given twice', () => {
    fc.assert(
      fc.property(randomGroups, (list) => {
        const groups = list.map(({ name, after, on_failure }) => group(name, after, { on_failure }));
        const problem = groupsProblem(groups);
        expect(problem === null).toBe(findCycle(graphOf(groups)) === null);
      }),
    );
    expect(groupsProblem([group('a', ['b']), group('b', ['a'])])).toEqual({
      field: 'after',
      message: 'would wait for ever: a → b → a',
    });
    expect(groupsProblem([group('a', ['c']), group('b')])?.message).toBe(
      'names no group of this run: "c" (groups: a, b)',
    );
    expect(groupsProblem([group('a'), group('a')])?.field).toBe('1.name');
  });

  test('take a unit by all that they name, the first one that fits', () => {
    const unit: Unit = { kind: 'file', project: 'web', file: 'shop/cart.spec.ts', title: 'cart', testIds: ['1', '2'] };
    const tests = [
      plannedTest('1', { titlePath: ['cart', 'adds a book'], tags: ['@smoke'] }),
      plannedTest('2', { titlePath: ['cart', 'pays'] }),
    ];
    const of = (select: TaskGroup['select']) => groupOf([group('x', [], { select })], unit, tests);
    expect(of({ tag: 'smoke' })).toBe(0);
    expect(of({ tag: '@smoke', project: 'web', file: 'shop/**', grep: 'adds*book' })).toBe(0);
    expect(of({ tag: '@smoke', grep: 'pays' })).toBeNull();
    expect(of({ project: 'mobile' })).toBeNull();
    expect(of({ grep: 'web shop/cart.spec.ts cart pays' })).toBe(0);
    expect(groupOf([group('a', [], { select: { tag: 'x' } }), group('b'), group('c')], unit, tests)).toBe(1);
  });
});

describe('groups of a run', () => {
  test('nothing begins before what it waits for has ended, what failed is not passed over, and all of them end', () => {
    fc.assert(
      fc.property(randomGroups, fc.infiniteStream(fc.nat()), (list, chance) => {
        fc.pre(findCycle(graphOf(list)) === null);
        const left = new Map(list.map(({ name, tasks }) => [name, tasks]));
        const state = new Map<string, GroupState>(list.map(({ name }) => [name, 'waiting']));
        const step = () => {
          const standing = list.map(({ name, after, on_failure, fails, tasks }): GroupStanding => ({
            name,
            after,
            on_failure,
            state: state.get(name) ?? 'waiting',
            isOpen: (left.get(name) ?? 0) > 0,
            hasFailed: fails && tasks > 0,
          }));
          for (const change of advanceGroups(standing)) {
            const { after, on_failure } = list.find(({ name }) => name === change.name)!;
            const before = after.map((name) => state.get(name));
            if (change.state === 'running') {
              expect(before.every(isEnded)).toBe(true);
              if (on_failure === 'skip') expect(before.every((each) => each === 'passed')).toBe(true);
            }
            if (change.state === 'skipped') {
              expect(on_failure).toBe('skip');
              expect(before.some((each) => each === 'failed' || each === 'skipped')).toBe(true);
              left.set(change.name, 0);
            }
            state.set(change.name, change.state);
          }
        };
        step();
        for (;;) {
          const running = list.filter(({ name }) => state.get(name) === 'running');
          if (running.length === 0) break;
          const { name } = running[(chance.next().value as number) % running.length]!;
          left.set(name, (left.get(name) ?? 0) - 1);
          step();
        }
        expect([...state.values()].every(isEnded)).toBe(true);
        for (const { name, tasks, fails } of list)
          if (state.get(name) !== 'skipped') expect(state.get(name)).toBe(fails && tasks > 0 ? 'failed' : 'passed');
      }),
      { numRuns: 500 },
    );
  });

  test('are never mixed by the cut, and no unit is lost', () => {
    const units = fc.array(fc.record({ expectedMs: fc.nat(60_000), group: fc.constantFrom(null, 0, 1, 2) }), {
      minLength: 1,
    });
    fc.assert(
      fc.property(units, fc.integer({ min: 1, max: 20 }), (list, slots) => {
        const all = list.map((unit, no) => ({ ...unit, no, needs: '', cpus: 0, memoryBytes: 0 }));
        const tasks = cutTasks(all, slots, 3000);
        for (const task of tasks) for (const no of task.unitNos) expect(list[no]?.group).toBe(task.group);
        expect(tasks.flatMap((task) => task.unitNos).sort((a, b) => a - b)).toEqual(all.map(({ no }) => no));
      }),
    );
  });
});
