/** What this machine lends now: brings settings, facts, the owner's pause and time together, and tells of each change. */
import type { Clock } from '../../../shared/base/clock.ts';
import type { DesktopFacts } from '../../../shared/protocol/desktop/agent.ts';
import type { Manners } from '../../../shared/protocol/desktop/manners.ts';
import type { Log } from '../log.ts';
import { factsOf, Watch, type Collector } from './facts/collector.ts';
import { tomorrow } from './hours.ts';
import type { OwnPause, Pause } from './own-pause.ts';
import { decide, FIRST_MEMORY, NOTHING_KNOWN, type Circumstances, type Decision, type Facts } from './rules.ts';

/** The wall clock may be set meanwhile. */
const LOOK_AGAIN_MS = 10 * 60_000;

export interface LendingOptions {
  manners: Manners;
  /** Keeps new manners. */
  save: (manners: Manners) => Promise<void>;
  ownPause: OwnPause;
  slots: number;
  collectors: readonly Collector[];
  clock: Clock;
  log: Log;
  onChange: (before: Decision) => void;
}

export class Lending {
  readonly #options: LendingOptions;
  readonly #watch: Watch;
  /** What the desktop program tells; it is not asked of the system any more. */
  readonly #told = new Set<keyof Facts>();
  #is: Circumstances;
  #memory = FIRST_MEMORY;
  #decision: Decision;
  #cancel = (): void => {};

  constructor(options: LendingOptions) {
    const { manners, ownPause, slots, collectors, clock, log } = options;
    this.#options = options;
    this.#is = { manners, facts: NOTHING_KNOWN, ownPause: ownPause.read(), isSuspending: false, slots };
    this.#watch = new Watch({ collectors, clock, log, onFacts: (facts) => this.#learn(facts) });
    this.#decision = this.#decide();
  }

  get decision(): Decision {
    return this.#decision;
  }

  get manners(): Manners {
    return this.#is.manners;
  }

  /** In which times are told: of the hours, else of the machine. */
  get timeZone(): string {
    return this.#is.manners.hours?.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  }

  /** Begins to look at the machine. */
  open(): void {
    this.#ask();
    this.look();
  }

  close(): void {
    this.#watch.close();
    this.#cancel();
  }

  /** Decides anew: at each change of what is known, and after this process stood still. */
  look(): void {
    const before = this.#decision;
    this.#decision = this.#decide();
    this.#cancel();
    const { nextAt } = this.#decision;
    const { clock, onChange } = this.#options;
    if (nextAt !== null)
      this.#cancel = clock.after(Math.min(Math.max(nextAt - clock.now(), 0), LOOK_AGAIN_MS), () => this.look());
    if (!isSame(before, this.#decision)) onChange(before);
  }

  /** What a program on the screen sees. */
  tell({ idleSeconds, ...facts }: DesktopFacts): void {
    const now = this.#options.clock.now();
    const lastInputAt = typeof idleSeconds === 'number' ? now - idleSeconds * 1000 : idleSeconds;
    const told = Object.fromEntries(
      Object.entries({ ...facts, lastInputAt }).filter(([, value]) => value !== undefined),
    ) as Partial<Facts>;
    for (const fact of Object.keys(told)) this.#told.add(fact as keyof Facts);
    this.#ask();
    this.#learn(told);
  }

  /** The program that told is gone: the machine itself is asked again. */
  untold(): void {
    const gone = Object.fromEntries([...this.#told].map((fact) => [fact, null]));
    this.#told.clear();
    this.#learn(gone);
    this.#ask();
  }

  /** Resolves when it is on disk too; it counts at once. */
  async pause(until: number | 'tomorrow' | null): Promise<void> {
    const end = until === 'tomorrow' ? tomorrow(this.#options.clock.now(), this.timeZone) : until;
    await this.#setPause({ until: end });
  }

  async resume(): Promise<void> {
    await this.#setPause(null);
  }

  /** Counts when it is on disk: a setting that is shown as kept is kept. */
  async setManners(manners: Manners): Promise<void> {
    await this.#options.save(manners);
    this.#is = { ...this.#is, manners };
    this.#ask();
    this.look();
  }

  setSuspending(isSuspending: boolean): void {
    this.#is = { ...this.#is, isSuspending };
    this.look();
  }

  async #setPause(ownPause: Pause | null): Promise<void> {
    this.#is = { ...this.#is, ownPause };
    this.look();
    await this.#options.ownPause.write(ownPause);
  }

  #learn(facts: Partial<Facts>): void {
    this.#is = { ...this.#is, facts: { ...this.#is.facts, ...facts } };
    this.look();
  }

  #ask(): void {
    const wanted = factsOf(this.#is.manners);
    for (const fact of this.#told) wanted.delete(fact);
    this.#watch.want(wanted);
  }

  #decide(): Decision {
    const now = this.#options.clock.now();
    const { facts } = this.#is;
    // The clock was set back: an input of tomorrow must not pause until tomorrow.
    if (facts.lastInputAt !== null && facts.lastInputAt > now)
      this.#is = { ...this.#is, facts: { ...facts, lastInputAt: now } };
    const { decision, memory } = decide(this.#memory, this.#is, now);
    this.#memory = memory;
    return decision;
  }
}

/** Apart from when it is looked at again. */
function isSame({ nextAt: _one, ...a }: Decision, { nextAt: _other, ...b }: Decision): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
