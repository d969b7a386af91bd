/** Sees it when somebody chooses another coordinator. */
import { watch } from 'node:fs';
import type { Log } from '../log.ts';
import { FILE } from './file.ts';
import { activeId } from './remembered.ts';

/** Calls `onOther` once, when another one than `id` is active. Returns what ends watching. */
export function watchActive(root: string, id: string, log: Log, onOther: () => void): () => void {
  const watcher = watch(root, { persistent: false });
  const look = (): void => {
    try {
      if (activeId(root) === id) return;
    } catch (error) {
      log.warn({ err: error }, 'this worker stays with its coordinator');
      return;
    }
    watcher.close();
    onOther();
  };
  watcher.on('change', (_, name) => {
    if (name === null || name === FILE) look();
  });
  watcher.on('error', (error) => {
    log.warn({ err: error }, 'that another coordinator is chosen will be seen at the next start');
  });
  // It may have been chosen while this agent began.
  look();
  return () => watcher.close();
}
