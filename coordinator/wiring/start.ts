/** What each part of a start is given, and what ends the parts again. */
import type { Logger } from 'pino';
import type { Clock } from '../../shared/base/clock.ts';
import type { CoordinatorConfig } from '../config.ts';

/** How long requests may take to end when the coordinator stops. */
export const STOP_GRACE_MS = 5_000;

export interface Start {
  config: CoordinatorConfig;
  /** Of this Playfleet. */
  version: string;
  log: Logger;
  clock: Clock;
  /** Says of something in the background that it failed, and goes on. */
  report: (error: unknown, during: string) => void;
  stops: Stops;
}

/** What ends each thing that was started. */
export class Stops {
  readonly #stops: (() => unknown)[] = [];

  /** Call it right after the start of what `stop` ends: what fails in the middle of a start ends what was started before it. */
  add(stop: () => unknown): void {
    this.#stops.push(stop);
  }

  /** In reverse order: what was started last stops first. */
  async run(): Promise<void> {
    for (let stop = this.#stops.pop(); stop; stop = this.#stops.pop()) await stop();
  }
}
