/** What is held now, as the database has it within this command: slots by run, tasks by run for caps, and what is set aside on each worker. */
import type { Cap } from '../../shared/protocol/rest/scheduling.ts';
import type { ReadHandle } from '../storage/database.ts';
import type { ActiveRun } from './active-runs.ts';
import { roomUnder } from './rules/caps.ts';
import { asksNothing, NOTHING, slotsThatFit, type Ask, type Capacity } from './rules/requests.ts';

interface Row {
  run_id: string;
  worker_id: string;
  tasks: number;
  slots: number;
  cpus: number;
  memory_bytes: number;
  most_cpus: number;
  most_memory_bytes: number;
}

export class Ledger {
  readonly #tasks = new Map<string, number>();
  readonly #slots = new Map<string, number>();
  readonly #setAside = new Map<string, Ask>();
  /** By worker: the most of each that one task has there. */
  readonly #largest = new Map<string, Ask>();

  /**
   * Costs a look at each task that is held: read it where something depends on it, once in a command. Without being told of the index, the
   * database would read all tasks that there are.
   */
  static async read(r: ReadHandle): Promise<Ledger> {
    const ledger = new Ledger();
    const rows = await r.all<Row>(
      `SELECT t.run_id, t.worker_id, count(*) AS tasks, sum(a.slots) AS slots, sum(a.cpus) AS cpus, sum(a.memory_bytes) AS memory_bytes,
         max(a.cpus) AS most_cpus, max(a.memory_bytes) AS most_memory_bytes
       FROM tasks t INDEXED BY tasks_leased CROSS JOIN task_attempts a ON a.fence = t.fence
       WHERE t.state IN ('assigned', 'running') GROUP BY t.run_id, t.worker_id`,
    );
    for (const row of rows) {
      ledger.#add(row.run_id, row.worker_id, row.tasks, row.slots, { cpus: row.cpus, memoryBytes: row.memory_bytes });
      ledger.#noteLargest(row.worker_id, { cpus: row.most_cpus, memoryBytes: row.most_memory_bytes });
    }
    return ledger;
  }

  /** `ask`: per slot. */
  granted({ runId, workerId, slots }: { runId: string; workerId: string; slots: number }, ask: Ask): void {
    const all = { cpus: ask.cpus * slots, memoryBytes: ask.memoryBytes * slots };
    this.#add(runId, workerId, 1, slots, all);
    this.#noteLargest(workerId, all);
  }

  slotsOf(runId: string): number {
    return this.#slots.get(runId) ?? 0;
  }

  /** How many slots that ask for this fit on a worker beside what it has. */
  fitting(workerId: string, capacity: Capacity, ask: Ask): number {
    return asksNothing(ask) ? Infinity : slotsThatFit(capacity, this.setAside(workerId), ask);
  }

  /** Whether the end of one task may be enough for it, or it fits already. */
  fitsSoon(workerId: string, capacity: Capacity, ask: Ask): boolean {
    const { cpus, memoryBytes } = this.setAside(workerId);
    const ending = this.#largest.get(workerId) ?? NOTHING;
    return (
      slotsThatFit(capacity, { cpus: cpus - ending.cpus, memoryBytes: memoryBytes - ending.memoryBytes }, ask) >= 1
    );
  }

  /** For all slots of a worker together. */
  setAside(workerId: string): Ask {
    return this.#setAside.get(workerId) ?? NOTHING;
  }

  /** How many more tasks of `run` may begin, and the cap that says so. `all`: every run of which something may be held. */
  roomFor(run: ActiveRun, caps: readonly Cap[], all: readonly ActiveRun[]): { room: number; cap: Cap | null } {
    const held = all.map((other) => ({ run: other, tasks: this.#tasks.get(other.id) ?? 0 }));
    return roomUnder(caps, run, held);
  }

  #noteLargest(workerId: string, ask: Ask): void {
    const before = this.#largest.get(workerId) ?? NOTHING;
    this.#largest.set(workerId, {
      cpus: Math.max(before.cpus, ask.cpus),
      memoryBytes: Math.max(before.memoryBytes, ask.memoryBytes),
    });
  }

  #add(runId: string, workerId: string, tasks: number, slots: number, ask: Ask): void {
    this.#tasks.set(runId, (this.#tasks.get(runId) ?? 0) + tasks);
    this.#slots.set(runId, (this.#slots.get(runId) ?? 0) + slots);
    const before = this.setAside(workerId);
    this.#setAside.set(workerId, {
      cpus: before.cpus + ask.cpus,
      memoryBytes: before.memoryBytes + ask.memoryBytes,
    });
  }
}
