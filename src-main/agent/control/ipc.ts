import type { Control } from './control.ts';

/**
 * Serves the program that has started this process with an IPC channel (Node's child_process.fork). Its end is the agent's too: two
 * agents would want the same data folder when it is started again. Returns what lets the channel go.
 */
export function serveParent(process: NodeJS.Process, control: Control, onGone: () => void): () => void {
  if (!process.send) return () => undefined;
  const channel = control.open((message) => {
    // Its end is told by `disconnect`.
    if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
  });
  const heard = (message: unknown): void => channel.hear(message);
  const gone = (): void => {
    channel.end();
    onGone();
  };
  process.on('message', heard);
  process.once('disconnect', gone);
  return () => {
    process.off('message', heard);
    process.off('disconnect', gone);
    channel.end();
    // What was said before still arrives; the channel would keep this process alive.
    if (process.connected) process.disconnect();
  };
}
