/**
 * Bounds what workers have sent and the coordinator has not carried out yet: who sends more is not read from until its own part is carried
 * out. What it then cannot send stays in its outbox.
 */

/** Agents of ours have at most 4 MiB of reports on their way; a single frame may be larger. */
const MOST_OF_ONE = 8 * 1024 * 1024;
const MOST_OF_ALL = 64 * 1024 * 1024;

export interface Readable {
  pause(): void;
  resume(): void;
}

export class Inflow {
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** For one connection. The returned function takes note of a message, and returns what to call once when it is carried out or given up. */
  gate(socket: Readable): (bytes: number) => () => void {
    let own = 0;
    let paused = false;
    return (bytes) => {
      own += bytes;
      this.#bytes += bytes;
      if (!paused && (own > MOST_OF_ONE || this.#bytes > MOST_OF_ALL)) {
        paused = true;
        socket.pause();
      }
      return () => {
        own -= bytes;
        this.#bytes -= bytes;
        if (!paused || own > 0) return;
        paused = false;
        socket.resume();
      };
    };
  }
}
