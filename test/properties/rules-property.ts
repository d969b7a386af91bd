/** One seed: a fleet whose work is assigned, stolen, crashes and is lost in any order, and then comes to its end. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BUILT_IN, DEFAULT_STRATEGY } from '../../coordinator/dispatch/rules/strategies/registry.ts';
import type { Figures } from './database-property.ts';
import { RulesWorld, type SimTask } from './rules-world.ts';

type Action = 'assign' | 'begin' | 'settle' | 'finish' | 'crash' | 'timeout' | 'unprepared' | 'lose' | 'steal' | 'wait';

class Command implements fc.Command<object, RulesWorld> {
  readonly action: Action;
  readonly n: number;
  constructor(action: Action, n: number) {
    this.action = action;
    this.n = n;
  }
  check(): boolean {
    return true;
  }
  run(_model: object, world: RulesWorld): void {
    perform(world, this.action, this.n);
    world.check();
  }
  toString(): string {
    return `${this.action}(${this.n})`;
  }
}

const STRATEGIES = [...BUILT_IN.values()];

function perform(world: RulesWorld, action: Action, n: number): void {
  if (action === 'assign') return world.assign(STRATEGIES[n % STRATEGIES.length]!);
  if (action === 'steal') return world.steal();
  if (action === 'wait') return world.wait([1_000, 31_000, 70_000, 700_000][n % 4]!);
  if (action === 'lose') {
    const worker = world.workers[n % world.workers.length]!;
    for (const task of world.held(worker)) world.lose(task, n % 2 === 0 ? 'lost' : 'expired');
    return;
  }
  const task = heldTask(world, n);
  if (!task) return;
  if (action === 'begin') world.begin(task, n);
  else if (action === 'settle') world.settle(task);
  else world.finish(task, HOW[action], n % 37 === 0 && action === 'unprepared');
}

const HOW = { finish: 'finished', crash: 'crashed', timeout: 'timeout', unprepared: 'prepare_failed' } as const;

function heldTask(world: RulesWorld, n: number): SimTask | undefined {
  const held = world.tasks.filter((task) => task.state === 'held');
  return held[n % held.length];
}

const actions = fc.tuple(
  fc.oneof(
    ...Object.entries({
      assign: 6,
      begin: 10,
      settle: 8,
      finish: 3,
      crash: 6,
      timeout: 1,
      unprepared: 2,
      lose: 3,
      steal: 3,
      wait: 5,
    }).map(([name, weight]) => ({ arbitrary: fc.constant(name as Action), weight })),
  ),
  fc.nat({ max: 1000 }),
);

const commands = fc.commands([actions.map(([action, n]) => new Command(action, n))], { maxCommands: 120, size: 'max' });
const durations = fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 25 });
const slots = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 });

export function checkRules(seeds: number, seed: number): Figures {
  const figures: Figures = { seeds, commands: 0, seen: {} };
  const property = fc.property(durations, slots, commands, (expectedMs, fleet, steps) => {
    const world = new RulesWorld(expectedMs, fleet);
    fc.modelRun(() => ({ model: {}, real: world }), steps);
    bringToEnd(world);
    figures.commands += [...steps].length;
    const see = (name: string, count: number) => (figures.seen[name] = (figures.seen[name] ?? 0) + count);
    see('tasks', world.tasks.length);
    see('quarantined', world.quarantined.size);
    see('failed tasks', world.tasks.filter((task) => task.state === 'failed' || task.state === 'timeout').length);
    see(
      'breaker openings',
      world.workers.reduce((sum, { breaker }) => sum + breaker.openings, 0),
    );
  });
  fc.assert(property, { numRuns: seeds, seed });
  return figures;
}

/** With machines that do their work, everything ends. */
function bringToEnd(world: RulesWorld): void {
  for (let n = 0; n < 20 + world.expectedMs.length * 4; n++) {
    if (world.tasks.every((task) => task.state !== 'pending' && task.state !== 'held')) return;
    world.wait(700_000);
    world.assign(DEFAULT_STRATEGY);
    for (const task of world.tasks.filter(({ state }) => state === 'held')) {
      for (let left = world.open(task).length; left > 0; left--) {
        world.begin(task, 0);
        world.settle(task);
      }
      world.finish(task, 'finished', false);
      world.check();
    }
  }
  assert.fail('I4: it does not come to its end');
}
