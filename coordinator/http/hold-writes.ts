import { setImmediate } from 'node:timers';
import type { Duplex } from 'node:stream';

/**
 * Returns a function that makes the socket keep what is written until this turn of the event loop ends: small messages that follow each
 * other leave in one system call, which costs more than making them.
 */
export function holdWrites(socket: Duplex): () => void {
  let held = false;
  return () => {
    if (held) return;
    held = true;
    socket.cork();
    setImmediate(() => {
      held = false;
      socket.uncork();
    });
  };
}
