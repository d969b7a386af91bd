/** Ctrl-C and its kin: the first asks to end in order, the second ends at once. */
import process from 'node:process';

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'];

export interface Interrupts {
  /** Aborted by the first. */
  signal: AbortSignal;
  /** Lets signals act as usual again. */
  end(): void;
}

/** `atOnce` is called at the second; it must not return. */
export function watchInterrupts(atOnce: () => never): Interrupts {
  const first = new AbortController();
  const heard = (): void => {
    if (first.signal.aborted) atOnce();
    first.abort(new Error('interrupted'));
  };
  const signals = process.platform === 'win32' ? SIGNALS : SIGNALS.filter((name) => name !== 'SIGBREAK');
  for (const name of signals) process.on(name, heard);
  // Who has started this program with a channel ends it by closing that, or by dying: on every system, and nothing is left behind.
  if (process.channel) process.on('disconnect', heard);
  return {
    signal: first.signal,
    end: () => {
      for (const name of signals) process.off(name, heard);
      process.off('disconnect', heard);
    },
  };
}
