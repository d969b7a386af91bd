/**
 * The connected workers and what they hold, in memory: a view that is rebuilt from the database at start and follows the events, so that
 * every road by which a task is granted or ends (link, REST, lease, cancel) is seen in one place.
 */
import type { CopyPermit } from '../../shared/protocol/offline/warm-copy.ts';
import type { EventData } from '../../shared/protocol/events.ts';
import type { CoordinatorMessage } from '../../shared/protocol/link.ts';
import type { MachineMetrics } from '../../shared/protocol/work.ts';
import type { StoredEvent } from '../storage/database.ts';
import type { Candidate } from './rules/matching.ts';
import { usedBy, type WorkerLoad } from './rules/strategies/strategy.ts';

export type Intent = 'active' | 'paused' | 'draining' | 'maintenance';

/** What people and history say about a worker; read when it connects and when it changes. */
export interface WorkerProfile extends Candidate {
  id: string;
  fingerprint: string | null;
  intent: Intent;
  slots: number;
  priority: number;
  weight: number;
  successRatio: number;
  /** How fast it runs tests: 1 = as the history says, 0.5 = takes twice as long. */
  speed: number;
  avgDurationMs: number;
  /** Told by events: may be a moment old. Who grants asks the database (breakers.ts). */
  heldBack: { until: number; reason: string } | null;
  /** What it may hold of this coordinator. */
  warmCopy: CopyPermit;
}

export interface Connected {
  profile: WorkerProfile;
  /** Its agent understands `revoke` (link protocol 2). */
  canRevoke: boolean;
  /** What its machine lends at this moment; null: all its slots. */
  lent: number | null;
  send(message: CoordinatorMessage): void;
}

export interface HeldGrant {
  fence: number;
  workerId: string;
  taskId: string;
  runId: string;
  attempt: number;
  slots: number;
  /** Browsers that its tests use, as `tasks.needs` holds them. */
  needs: string;
  /** What each of its slots asks for; 0 = nothing. */
  cpus: number;
  memoryBytes: number;
}

/** What a machine has free. */
interface Room {
  cpus: number;
  memoryBytes: number;
}

export class Fleet {
  readonly #connected = new Map<string, Connected>();
  readonly #held = new Map<number, HeldGrant>();
  readonly #usedSlots = new Map<string, number>();
  readonly #lastGrant = new Map<string, number>();
  #grants = 0;
  /** What was measured free at the last heartbeat, less what was granted and more what ended since. */
  readonly #room = new Map<string, Room>();
  /** Fence → tests that have begun and when, by the clock of whoever tells. */
  readonly #running = new Map<number, Map<string, number>>();
  /** The same, as it was when something ran last: an agent that ends a crashed process says that nothing runs any more. */
  readonly #lastRunning = new Map<number, ReadonlyMap<string, number>>();
  /** Rises whenever the connected workers, or what is known of them, change. */
  version = 0;

  get connected(): Iterable<Connected> {
    return this.#connected.values();
  }

  find(workerId: string): Connected | undefined {
    return this.#connected.get(workerId);
  }

  attach(worker: Connected): void {
    this.#connected.set(worker.profile.id, worker);
    this.#room.delete(worker.profile.id);
    this.version++;
  }

  /** A worker measured how busy its machine is. */
  noteMetrics(workerId: string, metrics: MachineMetrics): void {
    const profile = this.#connected.get(workerId)?.profile;
    if (!profile || metrics.cpu_percent === null || metrics.memory_used_bytes === null) return;
    const { cpus, memory_bytes } = profile.capabilities;
    this.#room.set(workerId, {
      cpus: cpus * (1 - metrics.cpu_percent / 100),
      memoryBytes: (metrics.memory_total_bytes ?? memory_bytes) - metrics.memory_used_bytes,
    });
  }

  /** A connected worker's profile was read anew. */
  changed(): void {
    this.version++;
  }

  /** Only if it is still the same connection: a newer one may have taken its place. */
  detach(worker: Connected): void {
    if (this.#connected.get(worker.profile.id) !== worker) return;
    this.#connected.delete(worker.profile.id);
    this.version++;
  }

  held(fence: number): HeldGrant | undefined {
    return this.#held.get(fence);
  }

  heldOfRun(runId: string): HeldGrant[] {
    return [...this.#held.values()].filter((grant) => grant.runId === runId);
  }

  add(grant: HeldGrant): void {
    if (this.#held.has(grant.fence)) return;
    this.#held.set(grant.fence, grant);
    this.#usedSlots.set(grant.workerId, this.#used(grant.workerId) + grant.slots);
    this.#lastGrant.set(grant.workerId, ++this.#grants);
    this.#useRoom(grant, 1);
  }

  remove(fence: number): void {
    const grant = this.#held.get(fence);
    if (!grant) return;
    this.#held.delete(fence);
    this.#running.delete(fence);
    this.#lastRunning.delete(fence);
    this.#usedSlots.set(grant.workerId, this.#used(grant.workerId) - grant.slots);
    this.#useRoom(grant, -1);
  }

  /** Follows the event log. Returns the grants that a worker must be told to stop. */
  apply(event: StoredEvent): { stop: HeldGrant; reason: string } | null {
    const fence = event.data.fence;
    if (typeof fence !== 'number' || event.workerId === null || event.taskId === null || event.runId === null)
      return null;
    if (event.type === 'task.granted') {
      const { attempt, slots, needs, cpus, memory_bytes } = event.data as EventData<'task.granted'>;
      const { workerId, taskId, runId } = event;
      this.add({ fence, workerId, taskId, runId, attempt, slots, needs, cpus, memoryBytes: memory_bytes });
    } else if (event.type === 'task.finished' || event.type === 'task.requeued' || event.type === 'task.cancelled') {
      const grant = this.#held.get(fence);
      this.remove(fence);
      const { ended, reason } = event.data as { ended?: string; reason?: string | null };
      const notByWorker =
        event.type === 'task.cancelled' || ended === 'cancelled' || ended === 'expired' || ended === 'lost';
      if (grant && notByWorker) return { stop: grant, reason: reason ?? 'no longer wanted' };
    }
    return null;
  }

  /** A worker says which tests of a grant run now; those that were known keep their beginning. */
  noteRunning(workerId: string, fence: number, testIds: readonly string[], at: number): void {
    if (this.#held.get(fence)?.workerId !== workerId) return;
    const before = this.running(fence);
    const running = new Map(testIds.map((id) => [id, before.get(id) ?? at]));
    this.#running.set(fence, running);
    if (running.size > 0) this.#lastRunning.set(fence, running);
  }

  /** Tests that ran when anything was last said to run in a grant, and since when; some may have ended. */
  lastRunning(fence: number): ReadonlyMap<string, number> {
    return this.#lastRunning.get(fence) ?? new Map();
  }

  /** Fences of all held grants of which lastRunning() is not empty. */
  get grantsWithTests(): Iterable<number> {
    return this.#lastRunning.keys();
  }

  running(fence: number): ReadonlyMap<string, number> {
    return this.#running.get(fence) ?? new Map();
  }

  freeSlots(worker: Connected): number {
    const { id, intent, approved = true } = worker.profile;
    return intent === 'active' && approved ? Math.max(0, slotsOf(worker) - this.#used(id)) : 0;
  }

  /** Free slots of the connected workers that have some. */
  free(): Map<string, number> {
    const free = new Map<string, number>();
    for (const worker of this.#connected.values()) {
      const slots = this.freeSlots(worker);
      if (slots > 0) free.set(worker.profile.id, slots);
    }
    return free;
  }

  /** The slots that the end of these grants makes free, of connected workers that take work: never more than each grant had. */
  freeWithout(fences: readonly number[]): Map<string, number> {
    const freed = new Map<string, number>();
    for (const fence of fences) {
      const grant = this.#held.get(fence);
      if (grant) freed.set(grant.workerId, (freed.get(grant.workerId) ?? 0) + grant.slots);
    }
    for (const [workerId, slots] of freed) {
      const worker = this.#connected.get(workerId);
      const room = worker?.profile.intent === 'active' ? slotsOf(worker) - this.#used(workerId) + slots : 0;
      if (room > 0) freed.set(workerId, Math.min(slots, room));
      else freed.delete(workerId);
    }
    return freed;
  }

  /** Slots of all connected workers that take work: how many processes could run at once. */
  totalSlots(): number {
    let sum = 0;
    for (const worker of this.#connected.values()) {
      const { intent, approved } = worker.profile;
      if (intent === 'active' && approved !== false) sum += slotsOf(worker);
    }
    return sum;
  }

  load(worker: Connected): WorkerLoad {
    const { id, priority, weight, successRatio, avgDurationMs, speed, tags, capabilities } = worker.profile;
    const room = this.#roomOf(worker.profile);
    return {
      speed,
      tags,
      cpus: capabilities.cpus,
      memoryBytes: capabilities.memory_bytes,
      freeCpus: room.cpus,
      freeMemoryBytes: room.memoryBytes,
      preference: 0,
      id,
      freeSlots: this.freeSlots(worker),
      priority,
      weight,
      successRatio,
      avgDurationMs,
      lastGrant: this.#lastGrant.get(id) ?? 0,
    };
  }

  get nextGrant(): number {
    return this.#grants + 1;
  }

  /** All of the machine, until it has measured. */
  #roomOf({ id, capabilities }: Pick<WorkerProfile, 'id' | 'capabilities'>): Room {
    return this.#room.get(id) ?? { cpus: capabilities.cpus, memoryBytes: capabilities.memory_bytes };
  }

  #useRoom(grant: HeldGrant, sign: 1 | -1): void {
    const profile = this.#connected.get(grant.workerId)?.profile;
    if (!profile) return;
    const room = this.#roomOf(profile);
    const used = usedBy(grant);
    this.#room.set(profile.id, {
      cpus: Math.min(profile.capabilities.cpus, room.cpus - sign * used.cpus * grant.slots),
      memoryBytes: Math.min(
        profile.capabilities.memory_bytes,
        room.memoryBytes - sign * used.memoryBytes * grant.slots,
      ),
    });
  }

  #used(workerId: string): number {
    return this.#usedSlots.get(workerId) ?? 0;
  }
}

const slotsOf = ({ profile, lent }: Connected): number => Math.min(profile.slots, lent ?? profile.slots);
