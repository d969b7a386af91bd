import type { Clock } from '../../../shared/base/clock.ts';

/** A second's beat that comes this much late means that we stood still; a busy machine is late by far less. */
const STOOD_STILL_MS = 5000;
export const BEAT_MS = 1000;

/**
 * Notices that this process stood still (SIGSTOP, a sleeping laptop): what it knew and what waits in its sockets may be old. Both clocks
 * are watched, because the monotonic one stops with the machine on some systems and the wall clock may be set while we run; a false alarm
 * costs one new connection. Ask before acting on anything that came from outside: on waking, sockets are read before timers fire.
 */
export class SleepGuard {
  readonly #clock: Clock;
  readonly #onWake: (stoodStillMs: number) => void;
  #wall: number;
  #monotonic: number;

  constructor(clock: Clock, onWake: (stoodStillMs: number) => void) {
    this.#clock = clock;
    this.#onWake = onWake;
    this.#wall = clock.now();
    this.#monotonic = clock.monotonic();
  }

  /** To be called every BEAT_MS at least. True where we have just woken. */
  check(): boolean {
    const wall = this.#clock.now();
    const monotonic = this.#clock.monotonic();
    const late = Math.max(wall - this.#wall, monotonic - this.#monotonic);
    this.#wall = wall;
    this.#monotonic = monotonic;
    if (late <= STOOD_STILL_MS) return false;
    this.#onWake(late);
    return true;
  }
}
