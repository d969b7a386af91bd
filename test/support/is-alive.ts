import { readFileSync } from 'node:fs';

/** Whether a process still runs. A zombie has ended; only its parent has not noticed. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
