/** What a machine without a desktop program can find out by itself, and how often that is worth it. */
import type { Clock } from '../../../../shared/base/clock.ts';
import type { Manners } from '../../../../shared/protocol/desktop/manners.ts';
import type { Log } from '../../log.ts';
import type { Facts } from '../rules.ts';

/** Reading a few small files. */
export const FILES_MS = 10_000;
/** Starting a program. */
export const PROGRAM_MS = 60_000;

export interface Collector {
  /** What it tells. */
  tells: readonly (keyof Facts)[];
  everyMs: number;
  /** What it cannot tell is null. Rejects only where something unforeseen happens. */
  collect: (now: number) => Promise<Partial<Facts>>;
}

export interface WatchOptions {
  collectors: readonly Collector[];
  clock: Clock;
  log: Log;
  onFacts: (facts: Partial<Facts>) => void;
}

/** Asks each collector in its own rhythm, as long as somebody wants to know; those of one rhythm together, so that the machine wakes up once. */
export class Watch {
  readonly #options: WatchOptions;
  #wanted: ReadonlySet<keyof Facts> = new Set();
  readonly #rounds = new Map<number, () => void>();

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** What is not wanted any more is not known any more. */
  want(wanted: ReadonlySet<keyof Facts>): void {
    const gone = [...this.#wanted].filter((fact) => !wanted.has(fact));
    const before = this.#active();
    this.#wanted = wanted;
    if (gone.length > 0) this.#options.onFacts(Object.fromEntries(gone.map((fact) => [fact, null])));
    const active = this.#active();
    const rhythms = new Set(active.map(({ everyMs }) => everyMs));
    for (const [everyMs, cancel] of this.#rounds) {
      if (rhythms.has(everyMs)) continue;
      cancel();
      this.#rounds.delete(everyMs);
    }
    for (const collector of active)
      if (this.#rounds.has(collector.everyMs) && !before.includes(collector)) void this.#ask(collector);
    for (const everyMs of rhythms) if (!this.#rounds.has(everyMs)) this.#round(everyMs);
  }

  close(): void {
    for (const cancel of this.#rounds.values()) cancel();
    this.#rounds.clear();
    this.#wanted = new Set();
  }

  #active(): Collector[] {
    return this.#options.collectors.filter(({ tells }) => tells.some((fact) => this.#wanted.has(fact)));
  }

  #round(everyMs: number): void {
    const { clock } = this.#options;
    this.#rounds.set(
      everyMs,
      clock.after(everyMs, () => this.#round(everyMs)),
    );
    for (const collector of this.#active()) if (collector.everyMs === everyMs) void this.#ask(collector);
  }

  async #ask({ tells, collect }: Collector): Promise<void> {
    const { clock, log, onFacts } = this.#options;
    const found = await collect(clock.now()).catch((error: unknown) => {
      log.debug({ err: error, facts: tells }, 'something of this machine could not be found out');
      return Object.fromEntries(tells.map((fact) => [fact, null]));
    });
    const wanted = Object.entries(found).filter(([fact]) => this.#wanted.has(fact as keyof Facts));
    if (wanted.length > 0) onFacts(Object.fromEntries(wanted));
  }
}

/** The facts that the rules in force go by. */
export function factsOf(manners: Manners): Set<keyof Facts> {
  const facts: Record<
    'battery' | 'metered' | 'thermal' | 'fullScreen' | 'userActive' | 'foreignLoad',
    (keyof Facts)[]
  > = {
    battery: ['onBattery', 'batteryPercent'],
    metered: ['metered'],
    thermal: ['thermal'],
    fullScreen: ['fullScreen', 'locked'],
    userActive: ['lastInputAt', 'locked'],
    foreignLoad: ['foreignPercent'],
  };
  const rules = Object.keys(facts) as (keyof typeof facts)[];
  return new Set(rules.flatMap((rule) => (manners[rule].mode === 'off' ? [] : facts[rule])));
}
