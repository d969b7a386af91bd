import type { ProcessInfo, ProcessTable } from './process-table.ts';

/**
 * Remembers which processes descend from a root process. Parents die and leave their children to init, and Chromium's inner processes
 * overwrite their environment, so neither the tree nor a marker alone finds all of a test run: whoever was once seen in the tree, and
 * whoever is in a session that a member opened, stays a member.
 */
export class Family {
  /** pid → when that process was started. */
  #members = new Map<number, string>();
  #sessions = new Set<number>();

  /** Takes processes in by pid, as far as they are alive in `table`. */
  adopt(pids: Iterable<number>, table: ProcessTable): void {
    for (const pid of pids) {
      const info = table.get(pid);
      if (info) this.#add(info);
    }
  }

  /** Members alive in `table`, after taking in the children and session mates of those known. */
  alive(table: ProcessTable): ProcessInfo[] {
    for (let before = -1; before !== this.#members.size;) {
      before = this.#members.size;
      for (const info of table.values()) {
        if (!this.#has(info) && this.#belongs(info, table)) this.#add(info);
      }
    }
    return [...table.values()].filter((info) => this.#has(info));
  }

  #belongs(info: ProcessInfo, table: ProcessTable): boolean {
    const parent = table.get(info.ppid);
    if (parent && this.#has(parent)) return true;
    if (!this.#sessions.has(info.session)) return false;
    // A session's number is its leader's pid: a stranger under that pid means that the number was used again.
    const leader = table.get(info.session);
    return !leader || this.#has(leader);
  }

  #has(info: ProcessInfo): boolean {
    return this.#members.get(info.pid) === info.started;
  }

  #add(info: ProcessInfo): void {
    this.#members.set(info.pid, info.started);
    if (info.session === info.pid) this.#sessions.add(info.session);
  }
}
