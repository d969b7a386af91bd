/**
 * Carries out what the manners of this machine decide: slots are given and taken, tests that run are finished or handed back, priorities
 * lowered; and, when the machine sleeps, everything is handed back before.
 */
import type { Clock } from '../../../shared/base/clock.ts';
import { whyForTeam } from '../../../shared/model/manners-words.ts';
import type { AgentCommand, ControlAnswer, Why } from '../../../shared/protocol/desktop/agent.ts';
import type { AgentConfig } from '../config.ts';
import type { Log } from '../log.ts';
import type { Pool } from '../slots/pool.ts';
import type { Spares } from '../slots/spares.ts';
import { collectorsOf } from './facts/collectors.ts';
import { Lending } from './lending.ts';
import { Niceness } from './niceness.ts';
import { OwnPause } from './own-pause.ts';
import type { Decision } from './rules.ts';
import { readManners, writeManners } from './settings.ts';

/** A machine that is still awake so long after it was about to sleep does not sleep. */
const AWAKE_AFTER_ALL_MS = 60_000;

export interface MindingOptions {
  config: Pick<AgentConfig, 'dataDir' | 'manners' | 'slots' | 'environment'>;
  clock: Clock;
  log: Log;
  pool: Pool;
  spares: Spares;
  /** Resolves when the coordinator has all that this machine has to say; never while there is no connection. */
  told: () => Promise<void>;
  /** Asks the coordinator on a new connection what is still ours. */
  revalidate: (reason: string) => void;
  /** Other slots or other reasons than before. */
  onChange: () => void;
}

type Asked = Exclude<AgentCommand, { type: 'drain' | 'stop' }>;
type Answer = Partial<Extract<ControlAnswer, { ok: true }>>;

export class Minding {
  readonly #options: MindingOptions;
  readonly #lending: Lending;
  readonly #niceness = new Niceness();
  #cancelSleep = (): void => {};
  /** When the hours began that it lends in now; null: before this process began, or there are none. */
  #hoursBeganAt: number | null = null;

  /** @throws AgentError where `manners.json` is not what it must be. */
  constructor(options: MindingOptions) {
    this.#options = options;
    const { config, clock, log, pool } = options;
    this.#lending = new Lending({
      manners: readManners(config.dataDir, config.manners),
      save: (manners) => writeManners(config.dataDir, manners),
      ownPause: new OwnPause(config.dataDir, log),
      slots: config.slots,
      collectors: collectorsOf(process.platform, { env: config.environment, clock, runs: () => pool.size > 0 }),
      clock,
      log,
      onChange: (before) => this.#changed(before),
    });
  }

  get decision(): Decision {
    return this.#lending.decision;
  }

  /** Why nothing new may begin, as the coordinator and the team are told; null where something may. */
  get pauseReason(): string | null {
    const [first] = this.decision.why;
    return first?.mode === 'pause' ? this.#inWords() : null;
  }

  /** For what must not disturb the beginning of hours. Milliseconds since the epoch; null: not known, or no such moment. */
  get hours(): { hoursBeganAt: number | null; hoursBeginAt: number | null } {
    const outside = outsideHours(this.decision);
    return { hoursBeganAt: outside ? null : this.#hoursBeganAt, hoursBeginAt: outside?.until ?? null };
  }

  open(): void {
    this.#niceness.set(this.decision.cpuPriority);
    this.#lending.open();
  }

  close(): void {
    this.#cancelSleep();
    this.#lending.close();
  }

  /** To be called each second. */
  beat(): void {
    if (this.#options.pool.size > 0) this.#niceness.apply();
    else this.#niceness.forget();
  }

  /** This process stood still: hours may have begun or ended. */
  woke(): void {
    this.#cancelSleep();
    this.#lending.setSuspending(false);
  }

  /** The program that told what happens on the screen is gone. */
  untold(): void {
    this.#lending.untold();
  }

  async carryOut(command: Asked): Promise<Answer> {
    const { revalidate } = this.#options;
    switch (command.type) {
      case 'facts':
        this.#lending.tell(command.facts);
        return {};
      case 'pause':
        await this.#lending.pause(command.until);
        return {};
      case 'resume':
        await this.#lending.resume();
        return {};
      case 'manners':
        await this.#lending.setManners(command.manners);
        return {};
      case 'suspend':
        return { handedBack: await this.#suspend(command.withinMs) };
      case 'woke':
        this.woke();
        revalidate('the machine has slept');
        return {};
    }
  }

  async #suspend(withinMs: number): Promise<{ tasks: number; arrived: boolean }> {
    const { pool, clock, told } = this.#options;
    const tasks = pool.size;
    this.#lending.setSuspending(true);
    this.#cancelSleep();
    this.#cancelSleep = clock.after(AWAKE_AFTER_ALL_MS, () => this.woke());
    pool.giveBackAll(this.#inWords(), true);
    const timeOver = new Promise<false>((resolve) => clock.after(withinMs, () => resolve(false)));
    const handedBack = pool
      .emptied()
      .then(told)
      .then(() => true);
    return { tasks, arrived: await Promise.race([handedBack, timeOver]) };
  }

  #changed(before: Decision): void {
    const { pool, spares, log, onChange } = this.#options;
    const { slots, cpuPriority, why } = this.decision;
    if (outsideHours(before) && !outsideHours(this.decision)) this.#hoursBeganAt = this.#options.clock.now();
    log.info({ slots, why: why.map(({ reason }) => reason) }, this.#sentence(before));
    this.#niceness.set(cpuPriority);
    if (slots < before.slots) {
      const reason = this.#inWords();
      if (slots === 0 && this.#lending.manners.whenPaused === 'giveBack') pool.giveBackAll(reason);
      else pool.finishAbove(slots, reason);
      void spares.dropAll();
    }
    onChange();
  }

  #sentence(before: Decision): string {
    const { slots } = this.decision;
    if (slots === 0) return `paused: ${this.#inWords()}`;
    if (slots === before.slots) return 'what holds this machine back is something else now';
    return slots < before.slots ? `lends ${slots} slots: ${this.#inWords()}` : `lends ${slots} slots`;
  }

  #inWords(): string {
    const [first] = this.decision.why;
    if (!first) return 'the machine lends less';
    return whyForTeam(first, { timeZone: this.#lending.timeZone, now: this.#options.clock.now() });
  }
}

const outsideHours = ({ why }: Decision): Why | undefined => why.find(({ reason }) => reason === 'outsideHours');
