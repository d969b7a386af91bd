/**
 * The strategies that can be chosen: those built in, and those of plugins. What a plugin does wrong costs it its turn, never the round:
 * the default strategy decides instead, the log says so once, and health shows it until the plugin works again.
 */
import { BUILT_IN, DEFAULT_STRATEGY } from './rules/strategies/registry.ts';
import type { Strategy } from './rules/strategies/strategy.ts';

/** Scores are asked for while everybody waits: a plugin that thinks longer than this over one hand-out is at fault. */
const BUDGET_MS = 1_000;

export interface PluginStrategy extends Strategy {
  version: string;
}

export interface StrategiesOptions {
  plugins: readonly PluginStrategy[];
  /** Milliseconds, for measuring. */
  monotonic: () => number;
  report: (error: unknown, during: string) => void;
}

export class Strategies {
  readonly #plugins: ReadonlyMap<string, PluginStrategy>;
  readonly #options: StrategiesOptions;
  /** Name → what is wrong with it now. */
  readonly #faults = new Map<string, string>();

  constructor(options: StrategiesOptions) {
    this.#options = options;
    this.#plugins = new Map(options.plugins.map((plugin) => [plugin.name, plugin]));
  }

  get names(): string[] {
    return [...BUILT_IN.keys(), ...this.#plugins.keys()];
  }

  /** Sentences about strategies that do not do what was chosen. */
  get faults(): string[] {
    return [...this.#faults].map(
      ([name, what]) => `Strategy ${name} ${what}: ${DEFAULT_STRATEGY.name} decides instead.`,
    );
  }

  /** `decide` with the strategy of this name, or again with the default where that fails. */
  use<T>(name: string, decide: (strategy: Pick<Strategy, 'score'>) => T): T {
    const builtIn = BUILT_IN.get(name);
    if (builtIn) return decide(builtIn);
    const plugin = this.#plugins.get(name);
    try {
      if (!plugin) throw new Error('is not there');
      const decided = decide(this.#guarded(plugin));
      this.#faults.delete(name);
      return decided;
    } catch (error) {
      this.#fault(name, error);
      return decide(DEFAULT_STRATEGY);
    }
  }

  #guarded(plugin: PluginStrategy): Pick<Strategy, 'score'> {
    const began = this.#options.monotonic();
    return {
      score: (worker, task) => {
        // A copy: what is decided does not depend on what it does with it.
        const score: unknown = plugin.score({ ...worker }, { ...task });
        if (typeof score !== 'number' || !Number.isFinite(score)) throw new Error('gave a score that is no number');
        if (this.#options.monotonic() - began > BUDGET_MS) throw new Error(`took more than ${BUDGET_MS} ms`);
        return score;
      },
    };
  }

  #fault(name: string, error: unknown): void {
    const what = this.#plugins.has(name) ? 'failed' : 'is not there';
    if (this.#faults.get(name) === what) return;
    this.#faults.set(name, what);
    this.#options.report(error, `choosing workers by strategy ${name}`);
  }
}
