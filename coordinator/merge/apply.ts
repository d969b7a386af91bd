/**
 * Puts what has come in place, in the background: in small commands with a pause behind each, so that grants and results of this coordinator
 * go on between them. A run counts when the whole of it has come: nobody sees half a run, and its figures are added once. A restart goes on
 * where it was, because each command says what it has done.
 */
import {
  FACT_KINDS,
  REGISTER_KINDS,
  type FactKind,
  type JournalRow,
  type RegisterKind,
} from '../../shared/protocol/offline/journal.ts';
import type { Clock } from '../../shared/base/clock.ts';
import type { Database, WriteHandle } from '../storage/database.ts';
import { finishRun } from './finish-run.ts';
import { KEPT_KINDS, PART_KINDS, type OTHERS } from './kinds.ts';
import type { RegisterDeps } from './registers.ts';
import type { Slots } from './rules/slots.ts';
import { settleRegister, whyRefused } from './settle.ts';
import { writeOther, writePart, writeRun, type Into } from './write-facts.ts';

/** Entries in one command: a few milliseconds. */
const STEP = 40;
/** How long to pause after a command, as a multiple of what it took: others have at least as much of the disk and the processor. */
const PAUSE = 1.5;
const RETRY_MS = 5_000;

export interface ApplierOptions {
  db: Database;
  clock: Clock;
  registers: RegisterDeps;
  report: (error: unknown, during: string) => void;
}

interface Name {
  origin: number;
  id: string;
}

interface Waiting extends Name {
  kind: string;
  payload: string;
}

const OPEN = "state IN ('waiting', 'begun', 'changed')";
/** Both ask the index of what is open alone: what is in place is far more. */
const BEGUN_WITH_PARTS = `SELECT origin, id FROM merged INDEXED BY merged_open_runs WHERE kind = 'run' AND ${OPEN} AND state = 'begun' AND EXISTS (
  SELECT 1 FROM merged p INDEXED BY merged_open WHERE p.${OPEN} AND p.run_id = merged.id AND p.kind <> 'run') LIMIT 1`;
/** From one run with something open to the next, however much of it is open. */
const IN_PLACE_WITH_PARTS = `WITH RECURSIVE open (run) AS (
    SELECT min(run_id) FROM merged INDEXED BY merged_open WHERE ${OPEN} AND run_id IS NOT NULL
    UNION ALL
    SELECT (SELECT min(run_id) FROM merged INDEXED BY merged_open WHERE ${OPEN} AND run_id > open.run) FROM open WHERE open.run IS NOT NULL)
  SELECT m.origin, m.id FROM open CROSS JOIN origins o CROSS JOIN merged m
    WHERE m.origin = o.slot AND m.kind = 'run' AND m.id = open.run AND m.state = 'in_place' LIMIT 1`;

export class Applier {
  readonly #options: ApplierOptions;
  #working: Promise<void> | null = null;
  #again = false;
  #stopped = false;
  #tookMs = 0;
  #cancelPause = (): void => undefined;

  /** Begins with what is left from before. */
  constructor(options: ApplierOptions) {
    this.#options = options;
    this.wake();
  }

  /** Something has come. */
  wake(): void {
    this.#again = true;
    if (this.#stopped) return;
    this.#working ??= this.#work().finally(() => {
      this.#working = null;
      if (this.#again && !this.#stopped) this.wake();
    });
  }

  /** Resolves when all that could be put in place is. */
  async settled(): Promise<void> {
    while (this.#working) await this.#working;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelPause();
    await this.#working;
  }

  async #work(): Promise<void> {
    const { report } = this.#options;
    while (this.#again && !this.#stopped) {
      this.#again = false;
      try {
        for (;;) {
          if (this.#stopped || !(await this.#step())) break;
          await this.#pause(this.#tookMs * PAUSE);
        }
      } catch (error) {
        // A full disk above all: what has come is kept, and is put in place when there is room.
        report(error, 'putting in place what another coordinator did');
        this.#again = true;
        await this.#pause(RETRY_MS);
      }
    }
  }

  #pause(ms: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(ms, resolve);
      this.#cancelPause = () => {
        cancel();
        resolve();
      };
    });
  }

  /** false: nothing more can be put in place now. */
  async #step(): Promise<boolean> {
    const { db, clock } = this.#options;
    const moved = await db.write(
      async (w) => {
        const began = clock.monotonic();
        const isMoved = (await this.#others(w)) || (await this.#parts(w)) || (await this.#nextRun(w));
        // Without the time in which it let others go first.
        this.#tookMs = clock.monotonic() - began;
        return isMoved;
      },
      { background: true },
    );
    return moved || this.#registers();
  }

  /** What belongs to no run. */
  async #others(w: WriteHandle): Promise<boolean> {
    for (const kind of FREE_KINDS) {
      const rows = await w.all<Waiting>(
        `SELECT origin, kind, id, payload FROM merged WHERE ${OPEN} AND run_id IS NULL AND kind = ?
         ${kind === 'dependency' ? BOTH_RUNS : ''} LIMIT ?`,
        [kind, STEP],
      );
      if (rows.length === 0) continue;
      const slots = await this.#slots(w);
      for (const row of rows) {
        const done = await attempt(() => writeOther(w, kind, rowOf(row), this.#into(slots, row.origin)));
        await (done ? inPlace(w, row) : refuse(w, row));
      }
      return true;
    }
    return false;
  }

  /** Parts of a run that has begun, or of one that is in place and had something added. */
  async #parts(w: WriteHandle): Promise<boolean> {
    const next = (await w.get<Name>(BEGUN_WITH_PARTS)) ?? (await w.get<Name>(IN_PLACE_WITH_PARTS));
    if (!next) return false;
    const slots = await this.#slots(w);
    let left = STEP;
    for (const kind of PART_KINDS) {
      const rows = await w.all<Waiting>(
        `SELECT origin, kind, id, payload FROM merged INDEXED BY merged_open
         WHERE ${OPEN} AND run_id = ? AND kind = ? AND origin = ? LIMIT ?`,
        [next.id, kind, next.origin, left],
      );
      for (const row of rows) {
        const part = { ...rowOf(row), run_id: next.id };
        const done = await attempt(() => writePart(w, kind, part, this.#into(slots, row.origin)));
        await (done ? inPlace(w, row) : refuse(w, row));
      }
      left -= rows.length;
      if (left <= 0) break;
    }
    return true;
  }

  /** Begins a run of which all has come, or ends one of which all is in place. */
  async #nextRun(w: WriteHandle): Promise<boolean> {
    const run = await w.get<Waiting & { state: string }>(
      `SELECT origin, kind, id, payload, state FROM merged WHERE kind = 'run' AND ${OPEN} AND (state <> 'waiting' OR parts <= (
         SELECT count(*) FROM merged p WHERE p.run_id = merged.id AND p.origin = merged.origin AND p.kind <> 'run')) LIMIT 1`,
    );
    if (!run) return false;
    const into = this.#into(await this.#slots(w), run.origin);
    let projectId = '';
    const written = await attempt(async () => {
      projectId = await writeRun(w, rowOf(run), into);
      return true;
    });
    if (!written) await refuse(w, run);
    else if (run.state === 'waiting')
      await w.run("UPDATE merged SET state = 'begun' WHERE origin = ? AND kind = ? AND id = ?", [
        run.origin,
        run.kind,
        run.id,
      ]);
    else {
      if (run.state === 'begun') await finishRun(w, { runId: run.id, projectId, slot: run.origin });
      await inPlace(w, run);
    }
    return true;
  }

  /** Settings contradict each other while only one of them is changed: what is refused is tried again behind the others. */
  async #registers(): Promise<boolean> {
    const { db, clock, registers } = this.#options;
    const rows = await db.read((r) =>
      r.all<Waiting>(
        `SELECT origin, kind, id, payload FROM merged WHERE ${OPEN} AND run_id IS NULL
         AND kind IN (SELECT value FROM json_each(?)) LIMIT ?`,
        [JSON.stringify(REGISTER_KINDS), STEP],
      ),
    );
    const settle = (row: Waiting, refused: string | null) =>
      db.write(async (w) => {
        await settleRegister(w, registers, { kind: row.kind as RegisterKind, id: row.id }, refused, clock.now());
        await inPlace(w, row);
      });
    const again: Waiting[] = [];
    for (const row of rows) await settle(row, null).catch((error: unknown) => void again.push(refusedOr(error, row)));
    for (const row of again) {
      await settle(row, null).catch((error: unknown) => settle(refusedOr(error, row), whyRefused(error)));
    }
    return rows.length > 0;
  }

  async #slots(w: WriteHandle): Promise<Map<number, Slots>> {
    const rows = await w.all<{ slot: number; its_slot: number }>('SELECT slot, its_slot FROM origins');
    return new Map(rows.map((row) => [row.slot, { here: row.slot, there: row.its_slot }]));
  }

  #into(slots: ReadonlyMap<number, Slots>, origin: number): Into {
    return { slots: slots.get(origin) ?? { here: origin, there: origin }, epoch: this.#options.db.epoch };
  }
}

const FREE_KINDS = FACT_KINDS.filter(
  (kind): kind is keyof typeof OTHERS | 'event' =>
    kind === 'event' || !([...PART_KINDS, 'run'] as FactKind[]).includes(kind),
);

/** Both ends of it are here. */
const BOTH_RUNS =
  'AND EXISTS (SELECT 1 FROM runs WHERE id = merged.id ->> 0) AND EXISTS (SELECT 1 FROM runs WHERE id = merged.id ->> 1)';

const rowOf = ({ payload }: Waiting): JournalRow => JSON.parse(payload) as JournalRow;

/** Throws what is no refusal. */
function refusedOr(error: unknown, row: Waiting): Waiting {
  if (whyRefused(error) === null) throw error;
  return row;
}

/** false for what this database cannot hold: it is kept aside and told of, and keeps nothing else from coming in place. */
async function attempt(write: () => Promise<boolean>): Promise<boolean> {
  try {
    return await write();
  } catch (error) {
    if ((error as { code?: unknown }).code?.toString().startsWith('SQLITE_CONSTRAINT')) return false;
    throw error;
  }
}

async function refuse(w: WriteHandle, { origin, kind, id }: Waiting): Promise<void> {
  await w.run("UPDATE merged SET state = 'refused' WHERE origin = ? AND kind = ? AND id = ?", [origin, kind, id]);
}

async function inPlace(w: WriteHandle, { origin, kind, id }: Waiting): Promise<void> {
  await w.run(
    `UPDATE merged SET state = 'in_place'${KEPT_KINDS.has(kind) ? '' : ', payload = NULL'} WHERE origin = ? AND kind = ? AND id = ?`,
    [origin, kind, id],
  );
}
