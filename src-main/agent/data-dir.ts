/** The agent's own folder: what lies where, and that only one agent uses it. */
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { activeId, keyFileIn, ownFolder } from './coordinators.ts';
import { AgentError, EXIT } from './errors.ts';

export interface DataDir {
  root: string;
  /** Of the active coordinator: key, reports and uploads (coordinators.ts). */
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
 * Creates what is missing and locks the folder. The lock is SQLite's own on an empty file: the operating system drops it with the
 * process, however that ends, so there are no stale locks.
 * @throws AgentError where another agent uses the folder, or it cannot be written.
 */
export function openDataDir(root: string): DataDir {
  const at = (name: string): string => path.join(root, name);
  const coordinator = activeId(root);
  const own = ownFolder(root, coordinator);
  const dirs = {
    outbox: path.join(own, 'outbox'),
    uploads: path.join(own, 'uploads'),
    work: at('work'),
    workspace: at('workspace'),
  };
  let lock: DatabaseSync;
  try {
    for (const dir of [root, ...Object.values(dirs)]) mkdirSync(dir, { recursive: true, mode: 0o700 });
    lock = new DatabaseSync(at('agent.lock'));
  } catch (cause) {
    throw new AgentError(
      `cannot use the data folder ${root}: ${(cause as Error).message}. Choose another with --data`,
      EXIT.cannotStart,
      { cause },
    );
  }
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    throw new AgentError(
      `another agent is using the data folder ${root}: stop it, or give this one its own with --data`,
      EXIT.cannotStart,
      { cause },
    );
  }
  return { root, own, coordinator, keyFile: keyFileIn(own), ...dirs, close: () => lock.close() };
}

/** Whether an agent runs on this folder. */
export function isInUse(root: string): boolean {
  const file = path.join(root, 'agent.lock');
  if (!existsSync(file)) return false;
  const lock = new DatabaseSync(file);
  try {
    lock.exec('BEGIN EXCLUSIVE; ROLLBACK');
    return false;
  } catch {
    return true;
  } finally {
    lock.close();
  }
}
