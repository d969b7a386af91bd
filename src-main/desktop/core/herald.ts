/** Tells of every change, once for all changes of one turn: the page, the tray, now and then a notification; and the agent, of the desktop. */
import type { Clock } from '../../../shared/base/clock.ts';
import type { DesktopState } from '../../../shared/protocol/desktop/state.ts';
import type { AgentPart } from '../parts/agent-part.ts';
import { factsToTell, type LastFacts } from '../rules/facts.ts';
import { notices, type Told } from '../rules/notices.ts';
import { trayView } from '../rules/tray.ts';
import type { System } from './ports.ts';

/** While nothing else changes: what counts in minutes is looked at this often. */
const TICK_MS = 30_000;
const FACTS_MS = 1_000;

export interface HeraldDeps {
  state: () => DesktopState;
  system: System;
  agent: AgentPart;
  clock: Clock;
  /** Before anything is told. */
  before: () => void;
}

export class Herald {
  readonly #deps: HeraldDeps;
  #isTelling = false;
  #facts: LastFacts | null = null;
  #told: Told = {};
  #cancels: (() => void)[] = [];

  constructor(deps: HeraldDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#cancels = [this.#every(TICK_MS, () => this.changed()), this.#every(FACTS_MS, () => this.tellFacts())];
  }

  stop(): void {
    for (const cancel of this.#cancels) cancel();
  }

  changed(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    queueMicrotask(() => {
      this.#isTelling = false;
      this.#tell();
    });
  }

  /** `anew`: also what the agent was told before, as it may have missed it. */
  tellFacts(anew = false): void {
    const { agent, system, clock } = this.#deps;
    if (anew || agent.status === null) this.#facts = null;
    if (agent.status === null) return;
    const now = clock.now();
    const facts = factsToTell(system.facts(), this.#facts, now);
    if (facts === null) return;
    this.#facts = { facts, at: now };
    agent.tell({ type: 'facts', facts });
  }

  #tell(): void {
    const { system, clock, before, state: read } = this.#deps;
    before();
    const state = read();
    const now = clock.now();
    system.tell('changed', state);
    system.draw(trayView(state, { now, timeZone: system.timeZone }));
    const { show, told } = notices(state, this.#told, now);
    this.#told = told;
    for (const notice of show) system.notify(notice);
  }

  #every(ms: number, act: () => void): () => void {
    let cancel = (): void => undefined;
    const next = (): void => {
      cancel = this.#deps.clock.after(ms, () => {
        next();
        act();
      });
    };
    next();
    return () => cancel();
  }
}
