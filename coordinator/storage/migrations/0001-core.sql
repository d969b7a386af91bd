-- The main job: workers, runs, tasks, tests and their results. Times are integer milliseconds since the epoch, by the coordinator's
-- clock unless the column says otherwise; JSON columns are text that our own code wrote. States repeat the rules of DESIGN.md section 4.

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

CREATE TABLE events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  epoch TEXT NOT NULL,
  at INTEGER NOT NULL,
  type TEXT NOT NULL,
  run_id TEXT,
  worker_id TEXT,
  task_id TEXT,
  data TEXT NOT NULL CHECK (json_valid(data))
) STRICT;
CREATE INDEX events_by_run ON events (run_id, seq) WHERE run_id IS NOT NULL;
CREATE INDEX events_by_worker ON events (worker_id, seq) WHERE worker_id IS NOT NULL;
CREATE INDEX events_outside_runs ON events (seq) WHERE run_id IS NULL;
CREATE INDEX events_by_time ON events (at);

CREATE TABLE settings (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL CHECK (json_valid(value)),
  updated_at INTEGER NOT NULL,
  updated_by TEXT NOT NULL
) STRICT;

-- join: enrols one worker. admin_link: exchanged once for an api token. api: people, CI. Only hashes are stored.
CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('join', 'admin_link', 'api')),
  name TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  expires_at INTEGER,
  used_at INTEGER,
  used_by TEXT,
  last_used_at INTEGER,
  revoked_at INTEGER,
  CHECK (kind = 'api' OR expires_at IS NOT NULL)
) STRICT;

CREATE TABLE workers (
  id TEXT PRIMARY KEY,
  hostname TEXT NOT NULL UNIQUE,
  ip_address TEXT NOT NULL,
  -- Heard of within the heartbeat time-out. Idle, busy, offline and maintenance follow from this, the intent and the tasks it holds.
  online INTEGER NOT NULL CHECK (online IN (0, 1)),
  -- What its owner or an admin wants: draining and paused take nothing new, maintenance also hides it from health.
  intent TEXT NOT NULL DEFAULT 'active' CHECK (intent IN ('active', 'paused', 'draining', 'maintenance')),
  intent_reason TEXT,
  capabilities TEXT NOT NULL CHECK (json_valid(capabilities)),
  fingerprint TEXT,
  agent_version TEXT,
  protocol INTEGER,
  max_parallel_tasks INTEGER NOT NULL DEFAULT 4 CHECK (max_parallel_tasks BETWEEN 1 AND 1000),
  priority INTEGER NOT NULL DEFAULT 100,
  weight REAL NOT NULL DEFAULT 1 CHECK (weight BETWEEN 0 AND 1),
  tags TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(tags)),
  notes TEXT NOT NULL DEFAULT '',
  key_hash TEXT NOT NULL UNIQUE,
  key_created_at INTEGER NOT NULL,
  revoked_at INTEGER,
  total_completed INTEGER NOT NULL DEFAULT 0,
  total_failed INTEGER NOT NULL DEFAULT 0,
  total_duration_ms INTEGER NOT NULL DEFAULT 0,
  failed_health_checks INTEGER NOT NULL DEFAULT 0,
  last_seen_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE worker_heartbeats (
  id INTEGER PRIMARY KEY,
  worker_id TEXT NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
  at INTEGER NOT NULL,
  cpu_percent REAL,
  memory_used_bytes INTEGER,
  memory_total_bytes INTEGER,
  disk_free_bytes INTEGER,
  disk_total_bytes INTEGER,
  tasks_running INTEGER NOT NULL
) STRICT;
CREATE INDEX worker_heartbeats_by_worker ON worker_heartbeats (worker_id, at);

CREATE TABLE projects (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL
) STRICT;

-- Durations of past attempts that passed, per test: what "longest first" is ordered by.
CREATE TABLE test_history (
  project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  test_id TEXT NOT NULL,
  runs INTEGER NOT NULL,
  mean_ms REAL NOT NULL,
  last_outcome TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (project_id, test_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE discoveries (
  key TEXT PRIMARY KEY,
  data TEXT NOT NULL CHECK (json_valid(data)),
  created_at INTEGER NOT NULL,
  used_at INTEGER NOT NULL
) STRICT;

CREATE TABLE runs (
  id TEXT PRIMARY KEY,
  number INTEGER NOT NULL UNIQUE,
  project_id TEXT NOT NULL REFERENCES projects (id),
  name TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT '',
  kind TEXT NOT NULL CHECK (kind IN ('queue', 'shards')),
  state TEXT NOT NULL CHECK (state IN ('pending', 'scheduling', 'running', 'completed', 'failed', 'cancelled')),
  -- Why it is in this state, for people.
  reason TEXT,
  -- Playwright's verdict over all tests, present once completed.
  outcome TEXT CHECK (outcome IN ('passed', 'failed')),
  config TEXT NOT NULL CHECK (json_valid(config)),
  source TEXT CHECK (json_valid(source)),
  requirements TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(requirements)),
  total_shards INTEGER NOT NULL DEFAULT 0,
  priority INTEGER NOT NULL DEFAULT 100,
  max_retries INTEGER NOT NULL,
  task_timeout_ms INTEGER NOT NULL,
  scheduled_for INTEGER,
  schedule_cron TEXT,
  tags TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(tags)),
  metadata TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(metadata)),
  -- Ids of the only tests that it takes (reruns of failures); NULL = all that its arguments select.
  selection TEXT CHECK (json_valid(selection)),
  -- A task ended with an error outside any test; the run cannot be called passed.
  errors INTEGER NOT NULL DEFAULT 0,
  created_by TEXT NOT NULL,
  rerun_of TEXT,
  playwright_version TEXT,
  -- Work of this run may use only one Playwright process per machine (its webServer has fixed ports).
  exclusive INTEGER NOT NULL DEFAULT 0 CHECK (exclusive IN (0, 1)),
  tasks_total INTEGER NOT NULL DEFAULT 0,
  tasks_finished INTEGER NOT NULL DEFAULT 0,
  tests_total INTEGER NOT NULL DEFAULT 0,
  tests_settled INTEGER NOT NULL DEFAULT 0,
  expected INTEGER NOT NULL DEFAULT 0,
  unexpected INTEGER NOT NULL DEFAULT 0,
  flaky INTEGER NOT NULL DEFAULT 0,
  skipped INTEGER NOT NULL DEFAULT 0,
  -- none until the run is final; then merging, ready or failed (with the reason), and the trees and blobs it consists of.
  report_state TEXT NOT NULL DEFAULT 'none' CHECK (report_state IN ('none', 'merging', 'ready', 'failed')),
  report TEXT CHECK (json_valid(report)),
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  completed_at INTEGER,
  CHECK ((state IN ('completed', 'failed', 'cancelled')) = (completed_at IS NOT NULL)),
  CHECK ((state = 'completed') = (outcome IS NOT NULL))
) STRICT;
CREATE INDEX runs_by_created ON runs (created_at DESC, id);
CREATE INDEX runs_active ON runs (priority DESC, number) WHERE state IN ('pending', 'scheduling', 'running');
CREATE INDEX runs_unreported ON runs (completed_at) WHERE report_state IN ('none', 'merging');

CREATE TABLE tasks (
  id TEXT PRIMARY KEY,
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('discover', 'shard', 'units')),
  shard_index INTEGER,
  shard_total INTEGER,
  state TEXT NOT NULL CHECK (state IN ('pending', 'assigned', 'running', 'completed', 'failed', 'timeout', 'cancelled')),
  reason TEXT,
  -- Browsers that its tests use, sorted and joined by commas; '' = none known.
  needs TEXT NOT NULL DEFAULT '',
  priority INTEGER NOT NULL DEFAULT 0,
  -- How often it was granted; 0 = never yet.
  attempt INTEGER NOT NULL DEFAULT 0,
  max_retries INTEGER NOT NULL,
  timeout_ms INTEGER NOT NULL,
  worker_id TEXT REFERENCES workers (id) ON DELETE SET NULL,
  fence INTEGER,
  lease_until INTEGER,
  created_at INTEGER NOT NULL,
  assigned_at INTEGER,
  started_at INTEGER,
  heartbeat_at INTEGER,
  completed_at INTEGER,
  error_message TEXT,
  error_stack TEXT,
  UNIQUE (run_id, seq),
  CHECK ((kind = 'shard') = (shard_index IS NOT NULL AND shard_total IS NOT NULL)),
  CHECK (state NOT IN ('assigned', 'running') OR (worker_id IS NOT NULL AND lease_until IS NOT NULL AND fence IS NOT NULL)),
  CHECK ((state IN ('completed', 'failed', 'timeout', 'cancelled')) = (completed_at IS NOT NULL))
) STRICT;
CREATE INDEX tasks_pending ON tasks (run_id, priority DESC, seq) WHERE state = 'pending';
CREATE INDEX tasks_leased ON tasks (lease_until) WHERE state IN ('assigned', 'running');
CREATE INDEX tasks_held ON tasks (worker_id) WHERE state IN ('assigned', 'running');

-- One row per grant: the fence is its key, so that a later grant always has a larger one.
CREATE TABLE task_attempts (
  fence INTEGER PRIMARY KEY AUTOINCREMENT,
  task_id TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
  attempt INTEGER NOT NULL,
  worker_id TEXT NOT NULL,
  granted_at INTEGER NOT NULL,
  started_at INTEGER,
  ended_at INTEGER,
  -- completed, failed, timeout, cancelled, released, expired, lost: how this grant ended; NULL while it is held.
  ended TEXT CHECK (ended IN ('completed', 'failed', 'timeout', 'cancelled', 'released', 'expired', 'lost')),
  reason TEXT,
  -- SHA-256 of the finishing report, so that the same report again gets the same answer.
  report_hash TEXT,
  exit_code INTEGER,
  wall_ms INTEGER,
  peak_memory_bytes INTEGER,
  mean_cpu_percent REAL,
  blob_sha256 TEXT,
  metrics TEXT CHECK (json_valid(metrics)),
  UNIQUE (task_id, attempt)
) STRICT;

CREATE TABLE units (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  no INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('test', 'group', 'file')),
  project TEXT NOT NULL,
  file TEXT NOT NULL,
  title TEXT NOT NULL,
  expected_ms REAL NOT NULL,
  task_id TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
  PRIMARY KEY (run_id, no)
) STRICT, WITHOUT ROWID;
CREATE INDEX units_of_task ON units (task_id);

CREATE TABLE tests (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  test_id TEXT NOT NULL,
  no INTEGER NOT NULL,
  -- The unit that selects it; NULL for supporting tests and in shard runs.
  unit_no INTEGER,
  -- In shard runs: the task whose shard it is in.
  task_id TEXT,
  supporting INTEGER NOT NULL CHECK (supporting IN (0, 1)),
  project TEXT NOT NULL,
  file TEXT NOT NULL,
  -- The rest of PlannedTest, as JSON.
  plan TEXT NOT NULL CHECK (json_valid(plan)),
  outcome TEXT CHECK (outcome IN ('expected', 'unexpected', 'flaky', 'skipped')),
  -- The grant whose attempts count, and how many; both with the outcome. 0 attempts = it never ran, `note` says why.
  fence INTEGER,
  attempts INTEGER,
  duration_ms REAL,
  note TEXT,
  settled_at INTEGER,
  PRIMARY KEY (run_id, test_id),
  CHECK ((outcome IS NULL) = (settled_at IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX tests_of_unit ON tests (run_id, unit_no) WHERE unit_no IS NOT NULL;
CREATE INDEX tests_of_task ON tests (task_id) WHERE task_id IS NOT NULL;

-- Every reported attempt, counted or not: it counts when its fence is the fence of its test.
CREATE TABLE test_attempts (
  id INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  test_id TEXT NOT NULL,
  task_id TEXT NOT NULL,
  fence INTEGER NOT NULL,
  retry INTEGER NOT NULL,
  worker_id TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('passed', 'failed', 'timedOut', 'interrupted', 'skipped')),
  started_at INTEGER NOT NULL,
  duration_ms REAL NOT NULL,
  received_at INTEGER NOT NULL,
  -- Errors, steps, output, annotations, attachments.
  detail TEXT NOT NULL CHECK (json_valid(detail)),
  UNIQUE (run_id, test_id, fence, retry)
) STRICT;

CREATE TABLE log_chunks (
  id INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  task_id TEXT NOT NULL,
  fence INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  stream TEXT NOT NULL CHECK (stream IN ('stdout', 'stderr', 'agent')),
  text TEXT NOT NULL,
  UNIQUE (fence, seq)
) STRICT;
CREATE INDEX log_chunks_by_run ON log_chunks (run_id, id);

-- Bytes in the store, by content.
CREATE TABLE blobs (
  sha256 TEXT PRIMARY KEY,
  size INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What of a run points at bytes; the bytes may arrive later than the reference.
CREATE TABLE artifacts (
  id INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  task_id TEXT,
  fence INTEGER,
  test_id TEXT,
  kind TEXT NOT NULL CHECK (kind IN ('attachment', 'blob', 'report')),
  name TEXT NOT NULL,
  content_type TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  size INTEGER NOT NULL,
  UNIQUE (run_id, fence, test_id, kind, name, sha256)
) STRICT;
CREATE INDEX artifacts_by_run ON artifacts (run_id, test_id);
CREATE INDEX artifacts_by_hash ON artifacts (sha256);

CREATE TABLE idempotency_keys (
  principal TEXT NOT NULL,
  key TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  status INTEGER NOT NULL,
  body TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (principal, key)
) STRICT, WITHOUT ROWID;
