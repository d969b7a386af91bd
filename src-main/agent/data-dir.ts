/** The agent's own folder: what lies where, and that only one agent uses it. */
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { folderOf, keyFileIn } from './coordinators/folders.ts';
import { activeId } from './coordinators/remembered.ts';
import { AgentError, EXIT } from './errors.ts';
import { lockFile } from './file-lock.ts';

const LOCK = 'agent.lock';

export interface DataDir {
  root: string;
  /** Of the active coordinator: key, reports and uploads (coordinators/). */
  own: string;
  /** Id of the active coordinator. */
  coordinator: string;
  /** Url, worker id and key of this worker (0600). */
  keyFile: string;
  /** Reports that the coordinator has not acknowledged. */
  outbox: string;
  /** Bytes that the coordinator lacks, named by their SHA-256. */
  uploads: string;
  /** One folder per running attempt; nothing in it outlives the agent. */
  work: string;
  /** Checkouts and installs, see workspace/. */
  workspace: string;
  /** Unlocks. */
  close(): void;
}

/**
 * Creates what is missing and locks the folder (file-lock.ts).
 * @throws AgentError where another agent uses the folder, or it cannot be written.
 */
export function openDataDir(root: string): DataDir {
  const at = (name: string): string => path.join(root, name);
  const coordinator = activeId(root);
  const own = folderOf(root, coordinator);
  const dirs = {
    outbox: path.join(own, 'outbox'),
    uploads: path.join(own, 'uploads'),
    work: at('work'),
    workspace: at('workspace'),
  };
  let lock: { close(): void } | null;
  try {
    for (const dir of [root, ...Object.values(dirs)]) mkdirSync(dir, { recursive: true, mode: 0o700 });
    lock = lockFile(at(LOCK), 0);
  } catch (cause) {
    throw new AgentError(
      `cannot use the data folder ${root}: ${(cause as Error).message}. Choose another with --data`,
      EXIT.cannotStart,
      { cause },
    );
  }
  if (lock === null)
    throw new AgentError(
      `another agent is using the data folder ${root}: stop it, or give this one its own with --data`,
      EXIT.cannotStart,
    );
  return { root, own, coordinator, keyFile: keyFileIn(own), ...dirs, close: () => lock.close() };
}

/** Whether an agent runs on this folder. */
export function isInUse(root: string): boolean {
  const file = path.join(root, LOCK);
  if (!existsSync(file)) return false;
  const lock = lockFile(file, 0);
  lock?.close();
  return lock === null;
}
