import os from 'node:os';
import type { Clock } from '../../../shared/base/clock.ts';

/** A second's beat that comes this much late means that we stood still; a busy machine is late by far less. */
const STOOD_STILL_MS = 5000;
export const BEAT_MS = 1000;
/** Some systems tell whole seconds. */
const UPTIME_ROUNDED_MS = 2000;

/** `stoodStillMs`: at least that long. `sleptMs`: for how long of it the monotonic clock stood still, too, because the machine slept. */
export type OnWake = (stoodStillMs: number, sleptMs: number) => void;

/**
 * Notices that this process stood still (SIGSTOP, a sleeping laptop): what it knew and what waits in its sockets may be old. Both clocks
 * are watched, because the monotonic one stops with the machine on some systems and the wall clock may be set while we run; a false alarm
 * costs one new connection. Ask before acting on anything that came from outside: on waking, sockets are read before timers fire.
 */
export class SleepGuard {
  readonly #clock: Clock;
  readonly #onWake: OnWake;
  /** Seconds since the machine was started, sleep included, whatever the wall clock is set to. */
  readonly #uptime: () => number;
  #wall: number;
  #monotonic: number;
  /** How far the uptime is ahead of the monotonic clock: by what the machine has slept. */
  #ahead: number;

  constructor(clock: Clock, onWake: OnWake, uptime: () => number = os.uptime) {
    this.#clock = clock;
    this.#onWake = onWake;
    this.#uptime = uptime;
    this.#wall = clock.now();
    this.#monotonic = clock.monotonic();
    this.#ahead = this.#aheadNow();
  }

  /** To be called every BEAT_MS at least. True where we have just woken. */
  check(): boolean {
    const wall = this.#clock.now();
    const monotonic = this.#clock.monotonic();
    const late = Math.max(wall - this.#wall, monotonic - this.#monotonic);
    this.#wall = wall;
    this.#monotonic = monotonic;
    if (late <= STOOD_STILL_MS) return false;
    const ahead = this.#aheadNow();
    const slept = ahead - this.#ahead;
    this.#ahead = ahead;
    this.#onWake(late, slept > UPTIME_ROUNDED_MS ? slept : 0);
    return true;
  }

  #aheadNow(): number {
    return this.#uptime() * 1000 - this.#clock.monotonic();
  }
}
