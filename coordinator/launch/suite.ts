/** What is known of a project's suite from its runs: the tests of the newest one that took all of them. */
import type { ChoosableTest } from '../../shared/model/choose-tests.ts';
import type { SuiteBasis } from '../../shared/protocol/rest/launch.ts';
import { isoTime } from '../../shared/protocol/rest/common.ts';
import type { StoredPlan } from '../results/queries.ts';
import type { ForeseenTest } from '../runs/rules/expect-duration.ts';
import type { Database, ReadHandle } from '../storage/database.ts';
import { inParts } from '../storage/in-parts.ts';

export interface KnownTest extends ChoosableTest, ForeseenTest {
  titlePath: string[];
  /** Tests with the same number run together; null where each stands for itself. */
  unitNo: number | null;
}

export interface KnownSuite {
  basis: Omit<SuiteBasis, 'age_ms'> & { createdAt: number };
  playwrightVersion: string | null;
  /** In its order, without supporting ones. */
  tests: readonly KnownTest[];
  /** Numbers of units that run as a whole although only some of their tests are chosen. */
  wholeUnits: ReadonlySet<number>;
}

/** Suites are some megabytes each. */
const MOST_KEPT = 8;
/** Where no run took the whole suite, so many are looked through for the one with the most tests. Shards tell theirs one by one. */
const LOOKED_THROUGH = 200;

interface BasisRow {
  id: string;
  number: number;
  created_at: number;
  whole: number;
  playwright_version: string | null;
}

export class Suites {
  readonly #db: Database;
  /** By run: once it is planned, its tests stay as they are. */
  readonly #known = new Map<string, Promise<KnownSuite>>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** null where no run of the project has found any tests yet. */
  async of(projectId: string): Promise<KnownSuite | null> {
    const row = await this.#db.read((r) => basisOf(r, projectId));
    if (!row) return null;
    const known = this.#known.get(row.id) ?? this.#read(row);
    this.#known.delete(row.id);
    this.#known.set(row.id, known);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST_KEPT && oldest !== undefined) this.#known.delete(oldest);
    known.catch(() => this.#known.delete(row.id));
    return known;
  }

  async #read(row: BasisRow): Promise<KnownSuite> {
    type Row = { test_id: string; no: number; unit_no: number | null; project: string; file: string; plan: string };
    const tests: { no: number; test: KnownTest }[] = [];
    await inParts<Row>(
      this.#db,
      (r, after, limit) =>
        r.all(
          `SELECT test_id, no, unit_no, project, file, plan FROM tests WHERE run_id = ? AND test_id > ? AND supporting = 0
           ORDER BY test_id LIMIT ?`,
          [row.id, after?.test_id ?? '', limit],
        ),
      ({ test_id: id, no, unit_no: unitNo, project, file, plan }) => {
        const { titlePath, line, tags, timeout } = JSON.parse(plan) as StoredPlan;
        tests.push({ no, test: { id, project, file, line, titlePath, tags, timeout, unitNo } });
      },
    );
    const groups = await this.#db.read((r) =>
      r.all<{ no: number }>(`SELECT no FROM units WHERE run_id = ? AND kind = 'group'`, [row.id]),
    );
    return {
      basis: {
        run_id: row.id,
        number: row.number,
        at: isoTime(row.created_at),
        partial: row.whole === 0,
        createdAt: row.created_at,
      },
      playwrightVersion: row.playwright_version,
      tests: tests.sort((a, b) => a.no - b.no).map(({ test }) => test),
      wholeUnits: new Set(groups.map(({ no }) => no)),
    };
  }
}

const COLUMNS = 'id, number, created_at, whole, playwright_version';

async function basisOf(r: ReadHandle, projectId: string): Promise<BasisRow | undefined> {
  const whole = await r.get<BasisRow>(
    `SELECT ${COLUMNS} FROM runs WHERE project_id = ? AND whole = 1 AND tests_total > 0 ORDER BY created_at DESC, number DESC LIMIT 1`,
    [projectId],
  );
  return (
    whole ??
    r.get<BasisRow>(
      `SELECT ${COLUMNS} FROM (SELECT * FROM runs WHERE project_id = ? ORDER BY created_at DESC, number DESC LIMIT ?)
       WHERE tests_total > 0 AND (kind = 'queue' OR completed_at IS NOT NULL) ORDER BY tests_total DESC, created_at DESC LIMIT 1`,
      [projectId, LOOKED_THROUGH],
    )
  );
}
