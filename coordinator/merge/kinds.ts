/** Where facts of each kind lie: what names a row, and which columns travel. The journal of a database is made from this list, and so is what it becomes elsewhere. */
import type { FactKind } from '../../shared/protocol/offline/journal.ts';

export interface FactTable {
  /** Rows to select from, under these column names. `slot`: of the origin; null: this database's own. */
  source: (slot: number | null) => string;
  /** Columns that name a row; the last one of them alone, where a run has the others. */
  key: readonly string[];
  /** All that travel, with the key. */
  columns: readonly string[];
  /** Those of them that are fences. */
  fences: readonly string[];
  /** The table to write to. */
  table: string;
  /** Belongs to a run: has a column run_id in `source`. */
  ofRun: boolean;
}

const words = (text: string): string[] => text.trim().split(/\s+/);

function partOfRun(table: string, key: string, more: string, fences = ''): FactTable {
  const columns = [...new Set([...words(key), 'run_id', ...words(more)])];
  return {
    source: () => table,
    table,
    key: words(key),
    columns,
    fences: fences === '' ? [] : words(fences),
    ofRun: true,
  };
}

/** Its rows do not name their run themselves. */
function partOf(...args: Parameters<typeof partOfRun>): FactTable {
  const part = partOfRun(...args);
  return { ...part, columns: part.columns.filter((name) => name !== 'run_id') };
}

export const PARTS = {
  group: partOfRun('task_groups', 'run_id no', 'name spec state reason tests'),
  task: partOfRun(
    'tasks',
    'id',
    `seq kind shard_index shard_total state reason needs priority attempt max_retries timeout_ms worker_id fence lease_until created_at assigned_at
     started_at heartbeat_at completed_at error_message error_stack escalated race_of race_fence group_no waits cpus memory_bytes`,
    'fence race_fence',
  ),
  grant: {
    ...partOf(
      'task_attempts',
      'fence',
      `task_id attempt worker_id granted_at started_at ended_at ended reason report_hash exit_code wall_ms peak_memory_bytes mean_cpu_percent
       blob_sha256 metrics running charged blame completed_before step why slots cpus memory_bytes`,
      'fence',
    ),
    source: () => '(SELECT a.*, t.run_id FROM task_attempts a JOIN tasks t ON t.id = a.task_id)',
  },
  unit: partOfRun('units', 'run_id no', 'kind project file title expected_ms task_id likelihood'),
  test: partOfRun(
    'tests',
    'run_id test_id',
    'no unit_no task_id supporting project file plan outcome fence attempts duration_ms note settled_at quarantined_at cluster',
    'fence',
  ),
  incident: partOfRun('test_incidents', 'run_id test_id fence', 'task_id worker_id at how reason', 'fence'),
  attempt: partOfRun(
    'test_attempts',
    'run_id test_id fence retry',
    'task_id worker_id status started_at duration_ms received_at detail',
    'fence',
  ),
  artifact: partOfRun('artifacts', 'run_id fence test_id kind name sha256', 'task_id content_type size', 'fence'),
  acceptance: partOfRun('accepted_screenshots', 'run_id comparison', 'path sha256 accepted_at accepted_by'),
  log: partOfRun('log_chunks', 'fence seq', 'task_id at stream text', 'fence'),
  event: {
    ...partOfRun('events', 'seq', 'at type worker_id task_id data'),
    source: (slot: number | null) =>
      slot === null
        ? '(SELECT seq, at, type, run_id, worker_id, task_id, data FROM events WHERE origin IS NULL)'
        : `(SELECT origin_seq AS seq, at, type, run_id, worker_id, task_id, data FROM events WHERE origin = ${slot})`,
  },
} satisfies Partial<Record<FactKind, FactTable>>;
export type PartKind = keyof typeof PARTS;
/** In an order in which nothing refers to what comes later. */
export const PART_KINDS = Object.keys(PARTS) as PartKind[];
export const isPart = (kind: string): kind is PartKind => kind in PARTS;

/** A project is named by its team and name, which is what people mean by it: two sides may have made the same one. */
export const RUN: FactTable = {
  source: () =>
    '(SELECT r.*, p.name AS project, p.team_id, m.name AS team FROM runs r JOIN projects p ON p.id = r.project_id JOIN teams m ON m.id = p.team_id)',
  table: 'runs',
  key: ['id'],
  columns: words(
    `id number project team_id team name description kind state reason outcome config source requirements total_shards priority max_retries
     task_timeout_ms scheduled_for schedule_cron tags metadata selection errors created_by rerun_of playwright_version exclusive deadline
     tests_dir predicted_end deadline_state boost environment requests test_order waiting whole tasks_total tasks_finished tests_total tests_settled
     expected unexpected flaky skipped report_state report created_at started_at completed_at`,
  ),
  fences: [],
  ofRun: false,
};

const whole = (source: FactTable['source'], key: string, more: string, table: string): FactTable => ({
  source,
  table,
  key: words(key),
  columns: [...words(key), ...words(more)],
  fences: [],
  ofRun: false,
});

/** What belongs to no run. */
export const OTHERS = {
  team: whole(() => 'teams', 'id', 'name created_at', 'teams'),
  project: whole(
    () =>
      '(SELECT p.id, p.name, p.team_id, m.name AS team, p.created_at FROM projects p JOIN teams m ON m.id = p.team_id)',
    'id',
    'name team_id team created_at',
    'projects',
  ),
  worker: whole(() => 'workers', 'id', 'hostname capabilities created_at', 'workers'),
  cluster: whole(() => 'clusters', 'id', 'title', 'clusters'),
  dependency: whole(() => 'run_dependencies', 'run_id before_id', 'on_ending otherwise met_at', 'run_dependencies'),
  audit: whole(
    (slot) =>
      slot === null
        ? 'audit'
        : `(SELECT seq, at, actor, actor_name, address, action, target, data, previous, hash FROM merged_audit WHERE origin = ${slot})`,
    'seq',
    'at actor actor_name address action target data previous hash',
    'merged_audit',
  ),
} satisfies Partial<Record<FactKind, FactTable>>;

export const FACTS: Record<FactKind, FactTable> = { run: RUN, ...PARTS, ...OTHERS };

/** Of these, the payload is kept: here they may lie under another name, or become nothing because what they say is there already. */
export const KEPT_KINDS: ReadonlySet<string> = new Set([
  'run',
  'team',
  'project',
  'worker',
  'setting',
  'person',
  'policy',
  'template',
]);
