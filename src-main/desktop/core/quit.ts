/** Ending in order: what runs is finished or given back, children are gone, then the app ends. */
import type { Clock } from '../../../shared/base/clock.ts';
import type { AgentPart } from '../parts/agent-part.ts';
import type { CoordinatorPart } from '../parts/coordinator-part.ts';

/** What runs may take so long to finish; then it is given back. */
export const DRAIN_MS = 30 * 60_000;
/** Giving back takes seconds; who takes longer is killed. */
export const STOP_MS = 40_000;
const COORDINATOR_MS = 15_000;

export interface QuitDeps {
  agent: AgentPart;
  coordinator: CoordinatorPart;
  /** Where this computer stands in for its coordinator. */
  promotion: { stop(): Promise<void> };
  clock: Clock;
  onChange: () => void;
  /** All children are gone. */
  ended: () => Promise<void>;
}

export class Quit {
  readonly #deps: QuitDeps;
  #until: number | null = null;
  #ending: Promise<void> | null = null;

  constructor(deps: QuitDeps) {
    this.#deps = deps;
  }

  get state(): { tasks: number; until: number | null } | null {
    if (this.#ending === null) return null;
    return { tasks: this.#deps.agent.status?.slots.busy ?? 0, until: this.#until };
  }

  /** Resolves when everything has ended. `now` after `drain` waits no longer. */
  begin(how: 'drain' | 'now'): Promise<void> {
    const { agent, clock } = this.#deps;
    if (how === 'now' || this.#until === null) {
      this.#until = how === 'drain' ? clock.now() + DRAIN_MS : null;
      // Told again with less patience, it gives back what it was finishing.
      if (this.#ending !== null && how === 'now') void agent.stop('stop', STOP_MS);
    }
    this.#ending ??= this.#end(how);
    this.#deps.onChange();
    return this.#ending;
  }

  async #end(how: 'drain' | 'now'): Promise<void> {
    const { agent, coordinator, promotion, clock, ended } = this.#deps;
    const giveBack = how === 'drain' ? clock.after(DRAIN_MS, () => void agent.stop('stop', STOP_MS)) : () => undefined;
    await agent.stop(how === 'drain' ? 'drain' : 'stop', how === 'drain' ? DRAIN_MS + STOP_MS : STOP_MS);
    giveBack();
    // After the agent, whose last reports they take.
    await promotion.stop();
    await coordinator.stop(COORDINATOR_MS);
    await ended();
  }
}
