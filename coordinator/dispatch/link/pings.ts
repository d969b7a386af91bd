/** Notices that the machine at the other end of a link, or the way to it, is gone: it answers no pings. */
import type { Clock } from '../../../shared/base/clock.ts';
import type { LinkSocket } from './options.ts';

/**
 * A healthy agent answers a ping at once; two missed ones mean that the machine or the way to it is gone. Noticed after three beats at the
 * latest, so that its tests wait for others within 10 s, the grace for a reconnect included.
 */
const PING_MS = 1_500;

export class Pings {
  readonly #socket: Pick<LinkSocket, 'ping' | 'terminate' | 'pause' | 'resume'>;
  readonly #clock: Clock;
  #missed = 0;
  /** Not read from: no answer can be seen. */
  #isPaused = false;
  #cancel: () => void = () => {};

  constructor(socket: Pick<LinkSocket, 'ping' | 'terminate' | 'pause' | 'resume'>, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
  }

  /** From now on; the socket is cut when nothing answers. */
  start(): void {
    this.#cancel = this.#clock.after(PING_MS, () => {
      if (this.#missed >= 2) {
        this.#socket.terminate();
        return;
      }
      if (!this.#isPaused) this.#missed++;
      this.#socket.ping();
      this.start();
    });
  }

  /** Anything that comes from it says that it is there. */
  heard(): void {
    this.#missed = 0;
  }

  /** Stops reading from the socket. */
  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    // While nothing was read, no answer could be seen either.
    this.#missed = 0;
    this.#isPaused = false;
    this.#socket.resume();
  }

  stop(): void {
    this.#cancel();
  }
}
