/** The balance of fleets larger than this machine, by the product's rules with measured costs. */
import { seeded } from '../faults/bench.ts';
import { simulate } from './simulate-balance.ts';

export interface SimulatedRow {
  case: string;
  slots: number;
  first: number;
  history: number;
  /** Static shards, in file order, on the same slots. */
  shard: number;
  steals: number;
}

/** Of a suite without browsers on this machine (bench:balance --quick prints what it was): start of a process, and answer to a request. */
const COSTS = { startMs: 1_500, stealMs: 30 };
const FLEETS = [
  { slots: 16, tests: 400 },
  { slots: 200, tests: 5_000 },
];
/** How far durations stray from what history says. */
const NOISE = 0.1;

const shapes: Record<string, (random: () => number) => number> = {
  sample: (random) => (0.5 + random()) * (random() < 0.05 ? 10 : 1),
  'log-normal': (random) => Math.exp(Math.sqrt(-2 * Math.log(random() || 1e-9)) * Math.cos(2 * Math.PI * random())),
  pareto: (random) => (1 - random() * 0.999) ** (-1 / 1.3),
};

export function simulateShapes(seed: string): SimulatedRow[] {
  return Object.entries(shapes).flatMap(([name, draw]) =>
    FLEETS.map(({ slots, tests }) => {
      const random = seeded(`${seed} ${name} ${slots}`);
      const drawn = Array.from({ length: tests }, () => draw(random));
      // A minute of work per slot.
      const scale = (60_000 * slots) / drawn.reduce((a, b) => a + b, 0);
      const durations = drawn.map((each) => each * scale);
      const bound = Math.max(60_000, ...durations);
      const fleet = Array.from({ length: slots }, () => ({ speed: 1 }));
      const known = durations.map((actualMs) => ({
        actualMs,
        expectedMs: actualMs * (1 + NOISE * (2 * random() - 1)),
      }));
      const unknown = durations.map((actualMs) => ({ actualMs, expectedMs: 1_000 }));
      const history = simulate(known, fleet, COSTS);
      const first = simulate(unknown, fleet, COSTS);
      return {
        case: name,
        slots,
        first: ratio(first.makespanMs, bound),
        history: ratio(history.makespanMs, bound),
        shard: ratio(COSTS.startMs + longestShard(durations, slots), bound),
        steals: history.steals,
      };
    }),
  );
}

function longestShard(durations: readonly number[], slots: number): number {
  const size = Math.ceil(durations.length / slots);
  const shards = Array.from({ length: slots }, (_, i) => durations.slice(i * size, (i + 1) * size));
  return Math.max(...shards.map((shard) => shard.reduce((a, b) => a + b, 0)));
}

function ratio(ms: number, bound: number): number {
  return Math.round((ms / bound) * 1000) / 1000;
}
