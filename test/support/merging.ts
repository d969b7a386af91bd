/** Coordinators that work on their own and are merged: real databases with the real commands, without their programs. */
import { setImmediate } from 'node:timers';
import { Applier } from '../../coordinator/merge/apply.ts';
import {
  announceOrigin,
  foreignOrigin,
  ownOrigin,
  promoteOrigin,
  type Origin,
} from '../../coordinator/merge/origins.ts';
import { markBaseline, noteAll } from '../../coordinator/merge/note.ts';
import { nextBatch, markAcknowledged } from '../../coordinator/merge/outgoing.ts';
import { receiveBatch } from '../../coordinator/merge/receive.ts';
import type { RegisterDeps } from '../../coordinator/merge/registers.ts';
import { summariseOwn, verifyBrought } from '../../coordinator/merge/verify.ts';
import { Policies } from '../../coordinator/policies/policies.ts';
import { Settings } from '../../coordinator/settings/settings.ts';
import type { Database } from '../../coordinator/storage/database.ts';
import type { Clock } from '../../shared/base/clock.ts';
import { JOURNAL_VERSION, type JournalEntry, type VerifyAnswer } from '../../shared/protocol/offline/journal.ts';
import { readMigrations } from './migrations.ts';
import { failed, passed } from './reports.ts';
import { heldNames, plainEnd, World } from '../properties/world.ts';

export const SCHEMA = readMigrations().length;

/** Pauses end with the next turn of the event loop. */
export const hastyClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (_ms, fn) => {
    const timer = setImmediate(fn);
    return () => clearImmediate(timer);
  },
};

/** No bytes: what they are is not looked at here. */
export const NO_BLOBS = { fileOf: async () => null, missing: async (hashes: readonly string[]) => [...hashes] };

export async function registersOf(db: Database): Promise<RegisterDeps> {
  const report = (error: unknown): void => {
    throw error;
  };
  const settings = await Settings.open({
    db,
    key: new Uint8Array(32),
    strategies: ['least_loaded'],
    onChange: () => undefined,
    report,
  });
  return { settings, policies: await Policies.open(db), forget: () => undefined };
}

export class Side {
  readonly world: World;
  registers!: RegisterDeps;

  static async central(): Promise<Side> {
    const side = new Side();
    await side.world.prepare();
    side.registers = await registersOf(side.db);
    return side;
  }

  /** With the same project and workers as the others, as a warm copy would bring them. */
  static async promoted(
    of: Side,
    name: string,
    random: number,
    before: (side: Side) => Promise<void> = async () => {},
  ): Promise<Side> {
    const side = await Side.central();
    await before(side);
    const central = await of.origin();
    await side.db.write(async (w) => {
      await promoteOrigin(w, { name, of: { origin: central.id, name: 'central' }, random }, side.world.clock.time);
      await markBaseline(w);
    });
    return side;
  }

  private constructor() {
    this.world = new World();
  }

  /** Where its database lies. */
  get folder(): string {
    return this.world.folder;
  }

  get db(): Database {
    return this.world.db;
  }

  origin(): Promise<Origin> {
    return this.db.read(ownOrigin);
  }

  close(): Promise<void> {
    return this.world.close();
  }

  /** A whole run, in which `failing` of the tests fail. Returns its id. */
  async run(tests: number, failing = 0): Promise<string> {
    const { world } = this;
    const ids = Array.from({ length: tests }, (_, n) => `t${n}`);
    const runId = await world.createRun();
    await world.plan(ids);
    for (;;) {
      const [claim] = await world.claim(runId, 'w0', 1);
      if (!claim) break;
      const grant = claim as unknown as Parameters<typeof passed>[0];
      await world.report(claim.workerId, { kind: 'begin', ...heldNames(claim) });
      const own = await world.testsOf(claim.taskId);
      const bad = own.filter((id) => Number(id.slice(1)) < failing);
      await world.report(
        claim.workerId,
        passed(
          grant,
          own.filter((id) => !bad.includes(id)),
        ),
      );
      if (bad.length > 0) await world.report(claim.workerId, failed(grant, bad));
      await world.report(claim.workerId, { kind: 'finish', ...heldNames(claim), end: plainEnd });
    }
    await this.reported(runId);
    return runId;
  }

  /** Nobody makes reports here. */
  async reported(runId: string): Promise<void> {
    await this.db.write((w) =>
      w.run(
        `UPDATE runs SET report_state = 'failed', report = '{"message":"none"}' WHERE id = ? AND completed_at IS NOT NULL`,
        [runId],
      ),
    );
  }

  change(
    values: Parameters<RegisterDeps['settings']['change']>[1],
    by = 'somebody',
    at = this.world.clock.time,
  ): Promise<void> {
    return this.db.write((w) => this.registers.settings.change(w, values, by, at));
  }

  setting(key: string): Promise<unknown> {
    return this.db.read(async (r) => {
      const row = await r.get<{ value: string }>('SELECT value FROM settings WHERE key = ?', [key]);
      return row === undefined ? null : (JSON.parse(row.value) as unknown);
    });
  }

  /** All that it has to bring, as batches that nobody has acknowledged. */
  async batches(): Promise<JournalEntry[][]> {
    await noteAll(this.db, { again: true });
    const all: JournalEntry[][] = [];
    for (let batch = await nextBatch(this.db); batch.length > 0; batch = await nextBatch(this.db)) {
      all.push(batch);
      await markAcknowledged(this.db, batch);
    }
    return all;
  }
}

/** What a central coordinator does with what comes, without HTTP. */
export class Receiver {
  readonly side: Side;
  applier: Applier;

  constructor(side: Side) {
    this.side = side;
    this.applier = this.#newApplier();
  }

  #newApplier(): Applier {
    const report = (error: unknown): void => {
      throw error;
    };
    return new Applier({ db: this.side.db, clock: hastyClock, registers: this.side.registers, report });
  }

  async announce(from: Side, trusted = true): Promise<Origin> {
    const { id, name, slot, promotedAt } = await from.origin();
    const announce = { version: JOURNAL_VERSION, schema: SCHEMA, name, slot, promoted_at: promotedAt ?? 0 } as const;
    return this.side.db.write((w) => announceOrigin(w, id, announce, { key: `sync:${id}`, trusted }, 0));
  }

  async take(from: Side, entries: JournalEntry[]): Promise<{ stored: number; known: number }> {
    const origin = await this.side.db.read(async (r) => foreignOrigin(r, (await from.origin()).id));
    if (!origin) throw new Error('it was not announced');
    const ack = await receiveBatch(
      this.side.db,
      origin,
      { version: JOURNAL_VERSION, schema: SCHEMA, entries },
      () => 0,
    );
    this.applier.wake();
    return ack;
  }

  settled(): Promise<void> {
    return this.applier.settled();
  }

  async verify(from: Side): Promise<VerifyAnswer> {
    await this.settled();
    const origin = await this.side.db.read(async (r) => foreignOrigin(r, (await from.origin()).id));
    if (!origin) throw new Error('it was not announced');
    return verifyBrought(this.side.db, NO_BLOBS, origin, await summariseOwn(from.db, NO_BLOBS));
  }

  /** As after a restart in the middle. */
  async restart(): Promise<void> {
    await this.applier.stop();
    this.applier = this.#newApplier();
  }

  async close(): Promise<void> {
    await this.applier.stop();
    await this.side.close();
  }
}
