/**
 * Finds work for idle slots for which nothing waits. What busy ones have not begun, their workers are asked for; what they give back becomes
 * a task (split-task.ts). What they have begun but will not end soon is raced (racing.ts).
 */
import type { Clock } from '../../shared/base/clock.ts';
import { hasBrowsers } from '../runs/rules/needs.ts';
import { startCost } from '../runs/start-cost.ts';
import type { WriteHandle } from '../storage/database.ts';
import type { Connected, Fleet, HeldGrant } from './fleet.ts';
import { racedFences } from './racing.ts';
import { planRaces } from './rules/race.ts';
import { planSteals, scaleOf, type Steal, type Victim, type VictimUnit } from './rules/steal.ts';

/** A worker that has not answered by then is asked again: its process may have ended instead. */
const ANSWER_MS = 3_000;
/** While slots are idle and others work: what cannot be taken over now may be soon. */
const LOOK_AGAIN_MS = 1_000;
/** Looking for what could move reads all that is open of a run: at most a tenth of the time is spent on that. */
const REST_AFTER_LOOK = 10;
/** Tests that are done, looked at to see how right the expectations are. */
const SAMPLE = 200;
/** One that had nothing to give is left alone for so long. */
const REST_MS = 1_000;

interface HeldVictim extends Victim {
  grant: HeldGrant;
}

interface OpenUnit {
  task_id: string;
  no: number;
  expected_ms: number;
  begun: number;
  test_ids: string;
}

export interface Idle {
  worker: Connected;
  slots: number;
}

export interface Race {
  raced: HeldGrant;
  /** Who races it. */
  worker: Connected;
}

/** `againMs`: after how many milliseconds it is worth looking again; null where nobody works for the run. */
export interface Found {
  againMs: number | null;
  races: Race[];
}

export class Stealing {
  readonly #fleet: Fleet;
  readonly #clock: Clock;
  /** Fence → until when its worker is not asked again, by the monotonic clock. */
  readonly #resting = new Map<number, number>();

  /** When the last look may be followed by another, by the monotonic clock. */
  #nextLook = 0;
  /** Milliseconds that this look has taken, over all runs. */
  #spentMs = 0;

  constructor(fleet: Fleet, clock: Clock) {
    this.#fleet = fleet;
    this.#clock = clock;
  }

  /** A worker has answered; `given`: it gave something back, and may be asked again at once. */
  answered(fence: number, given: boolean): void {
    if (given) this.#resting.delete(fence);
    else this.#resting.set(fence, this.#clock.monotonic() + REST_MS);
  }

  /** Milliseconds until the next look; 0 = now. A look goes over all runs, so that none of them waits for another. */
  get restMs(): number {
    return Math.max(0, this.#nextLook - this.#clock.monotonic());
  }

  /** The look at all runs is over. */
  endLook(): void {
    this.#nextLook = this.#clock.monotonic() + this.#spentMs * REST_AFTER_LOOK;
    this.#spentMs = 0;
  }

  /**
   * For slots of `idle` workers for which nothing waits. The requests to give back leave with the commit; the races are for the caller to
   * begin.
   */
  async ask(
    w: WriteHandle,
    run: { id: string; projectId: string; mayRace: boolean },
    idle: readonly Idle[],
  ): Promise<Found> {
    const began = this.#clock.monotonic();
    this.#forget();
    const held = this.#fleet.heldOfRun(run.id);
    if (held.length === 0) return { againMs: null, races: [] };
    const open = await openUnits(w, run.id, held);
    const scale = scaleOf(await doneSoFar(w, run.id));
    const startMs = await startCost(w, run.projectId);
    const victims = held.flatMap((grant) => this.#victim(grant, open.get(grant.taskId) ?? [], idle, scale));
    const asked = victims.filter(
      ({ fence, grant }) => !this.#resting.has(fence) && this.#fleet.find(grant.workerId)?.canRevoke === true,
    );
    const speeds = idle.flatMap(({ worker, slots }) => Array.from({ length: slots }, () => worker.profile.speed));
    const steals = planSteals(asked, speeds, startMs);
    for (const steal of steals) {
      const victim = asked.find(({ fence }) => fence === steal.fence);
      if (victim) this.#request(w, victim.grant, steal, open.get(victim.grant.taskId) ?? []);
    }
    // Slots are not told apart here: with a steal under way, the next look tells which of them is still idle.
    const races = steals.length === 0 && run.mayRace ? await this.#races(w, victims, idle, startMs) : [];
    this.#spentMs += this.#clock.monotonic() - began;
    return { againMs: LOOK_AGAIN_MS, races };
  }

  async #races(
    w: WriteHandle,
    victims: readonly HeldVictim[],
    idle: readonly Idle[],
    startMs: number,
  ): Promise<Race[]> {
    const raced = await racedFences(
      w,
      victims.map(({ fence }) => fence),
    );
    const free = victims.filter(({ fence }) => !raced.has(fence));
    const stragglers = free.map((victim) => ({ ...victim, workerId: victim.grant.workerId }));
    const racers = idle.map(({ worker, slots }) => ({ id: worker.profile.id, slots, speed: worker.profile.speed }));
    return planRaces(stragglers, racers, startMs).flatMap(({ fence, workerId }) => {
      const victim = free.find((one) => one.fence === fence);
      const worker = this.#fleet.find(workerId);
      return victim && worker ? [{ raced: victim.grant, worker }] : [];
    });
  }

  #request(w: WriteHandle, grant: HeldGrant, steal: Steal, open: readonly OpenUnit[]): void {
    const wanted = new Set(steal.unitNos);
    const testIds = open.filter((unit) => wanted.has(unit.no)).flatMap((unit) => JSON.parse(unit.test_ids) as string[]);
    const { taskId, attempt, fence } = grant;
    this.#resting.set(fence, this.#clock.monotonic() + ANSWER_MS);
    w.afterCommit(() => this.#fleet.find(grant.workerId)?.send({ type: 'revoke', taskId, attempt, fence, testIds }));
  }

  #victim(grant: HeldGrant, open: readonly OpenUnit[], idle: readonly Idle[], scale: number): HeldVictim[] {
    if (!idle.some(({ worker }) => hasBrowsers(grant.needs, worker.profile.capabilities.browsers))) return [];
    const running = this.#fleet.running(grant.fence);
    const now = this.#clock.monotonic();
    const units = open.map((unit): VictimUnit => {
      const since = (JSON.parse(unit.test_ids) as string[])
        .map((id) => running.get(id))
        .filter((at) => at !== undefined);
      const runningForMs = since.length > 0 ? now - Math.min(...since) : unit.begun === 1 ? 0 : null;
      return { no: unit.no, expectedMs: unit.expected_ms * scale, runningForMs };
    });
    if (units.length === 0) return [];
    return [{ grant, fence: grant.fence, speed: this.#fleet.find(grant.workerId)?.profile.speed ?? 1, units }];
  }

  #forget(): void {
    const now = this.#clock.monotonic();
    for (const [fence, until] of this.#resting)
      if (until <= now || !this.#fleet.held(fence)) this.#resting.delete(fence);
  }
}

/** Units without an outcome, by task; `begun` where a test of theirs has one. */
async function openUnits(
  w: WriteHandle,
  runId: string,
  grants: readonly HeldGrant[],
): Promise<Map<string, OpenUnit[]>> {
  const rows = await w.all<OpenUnit>(
    `SELECT u.task_id, u.no, u.expected_ms, json_group_array(t.test_id) AS test_ids,
       EXISTS (SELECT 1 FROM tests x WHERE x.run_id = u.run_id AND x.unit_no = u.no AND x.outcome IS NOT NULL) AS begun
     FROM tests t JOIN units u ON u.run_id = t.run_id AND u.no = t.unit_no
     WHERE t.run_id = ? AND t.outcome IS NULL AND t.unit_no IS NOT NULL AND u.task_id IN (SELECT value FROM json_each(?))
     GROUP BY u.no`,
    [runId, JSON.stringify(grants.map((grant) => grant.taskId))],
  );
  return Map.groupBy(rows, (row) => row.task_id);
}

/** A sample: ids of tests are hashes, so the first ones by id are as good as any. */
async function doneSoFar(
  w: WriteHandle,
  runId: string,
): Promise<{ tests: number; expectedMs: number; actualMs: number }> {
  const row = await w.get<{ tests: number; expected_ms: number | null; actual_ms: number | null }>(
    `SELECT count(*) AS tests, sum(expected_ms) AS expected_ms, sum(duration_ms) AS actual_ms FROM (
       SELECT t.duration_ms, u.expected_ms / (SELECT count(*) FROM tests x WHERE x.run_id = u.run_id AND x.unit_no = u.no) AS expected_ms
       FROM tests t JOIN units u ON u.run_id = t.run_id AND u.no = t.unit_no
       WHERE t.run_id = ? AND t.outcome = 'expected' AND t.attempts = 1 LIMIT ?)`,
    [runId, SAMPLE],
  );
  return { tests: row?.tests ?? 0, expectedMs: row?.expected_ms ?? 0, actualMs: row?.actual_ms ?? 0 };
}
