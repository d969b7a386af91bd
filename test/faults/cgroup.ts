/** Groups of processes with a limit, where this machine lets us make some: version 1 or 2 of the kernel's control groups. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const ROOT = '/sys/fs/cgroup';

export interface Cgroup {
  /** The process, and what it starts from now on. */
  add(pid: number): void;
  /** Ends what is still in it. */
  remove(): Promise<void>;
}

type Limit = { kind: 'cpu'; /** Of one processor. */ percent: number } | { kind: 'pids'; most: number };

/** null where groups cannot be made here. */
export function makeCgroup(name: string, limit: Limit): Cgroup | null {
  const unified = existsSync(path.join(ROOT, 'cgroup.controllers'));
  const dir = path.join(ROOT, unified ? '' : limit.kind, name);
  try {
    mkdirSync(dir);
    for (const [file, value] of settings(limit, unified)) writeFileSync(path.join(dir, file), value);
  } catch {
    if (existsSync(dir)) rmdirSync(dir);
    return null;
  }
  return {
    add: (pid) => writeFileSync(path.join(dir, 'cgroup.procs'), String(pid)),
    remove: () => removeGroup(dir),
  };
}

function settings(limit: Limit, unified: boolean): [string, string][] {
  if (limit.kind === 'pids') return [['pids.max', String(limit.most)]];
  const [period, quota] = [100_000, limit.percent * 1000];
  if (unified) return [['cpu.max', `${quota} ${period}`]];
  return [
    ['cpu.cfs_period_us', String(period)],
    ['cpu.cfs_quota_us', String(quota)],
  ];
}

const TRIES = 200;
const BETWEEN_MS = 50;

/** What was killed stays in its group until the kernel has taken it down, which takes its time on a busy machine. */
async function removeGroup(dir: string): Promise<void> {
  for (let tried = 1; ; tried++) {
    for (const pid of readFileSync(path.join(dir, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean)) {
      try {
        process.kill(Number(pid), 'SIGKILL');
      } catch {
        // Gone by now.
      }
    }
    try {
      return rmdirSync(dir);
    } catch (error) {
      if (tried === TRIES || (error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
    }
    await delay(BETWEEN_MS);
  }
}
