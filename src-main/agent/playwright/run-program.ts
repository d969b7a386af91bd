import { randomUUID } from 'node:crypto';
import type { GroupEnd, GroupOptions } from './process-group.ts';
import { ProcessGroup } from './process-group.ts';

/** Enough to tell why a program failed. UTF-16 units. */
const KEPT = 20_000;

export interface ProgramOptions extends Omit<GroupOptions, 'marker' | 'onMessages' | 'onOutput'> {
  /** Names the program in its processes' marker. */
  name: string;
  onMessages?: GroupOptions['onMessages'];
  onOutput?: GroupOptions['onOutput'] | undefined;
  /** Ends the program; the promise then rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  timeoutMs?: number;
}

export interface ProgramEnd extends GroupEnd {
  /** The end of what it wrote to stdout, and of both streams together. */
  stdout: string;
  printed: string;
  timedOut: boolean;
}

/** Runs a program, and all it starts, to its end. @throws PlaywrightRefusal where it cannot be started. */
export async function runProgram(options: ProgramOptions): Promise<ProgramEnd> {
  const { name, signal, timeoutMs, clock, onMessages = () => {}, onOutput } = options;
  signal?.throwIfAborted();
  let stdout = '';
  let printed = '';
  const group = await ProcessGroup.start({
    ...options,
    marker: `${name}.${randomUUID()}`,
    onMessages,
    onOutput: (stream, text) => {
      if (stream === 'stdout') stdout = (stdout + text).slice(-KEPT);
      printed = (printed + text).slice(-KEPT);
      onOutput?.(stream, text);
    },
  });
  let timedOut = false;
  const end = () => void group.stop({ hard: true });
  const expire = () => {
    timedOut = true;
    end();
  };
  const cancelTimeout = timeoutMs === undefined ? () => {} : clock.after(timeoutMs, expire);
  signal?.addEventListener('abort', end, { once: true });
  const ended = await group.done;
  signal?.removeEventListener('abort', end);
  cancelTimeout();
  signal?.throwIfAborted();
  return { ...ended, stdout, printed, timedOut };
}
