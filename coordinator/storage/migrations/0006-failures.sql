-- Failure handling. The circuit breaker of a worker: open gets no work until breaker_until, half_open one task at a time.
ALTER TABLE workers ADD COLUMN breaker TEXT NOT NULL DEFAULT 'closed' CHECK (breaker IN ('closed', 'open', 'half_open'));
-- Why it opened, for people.
ALTER TABLE workers ADD COLUMN breaker_reason TEXT;
ALTER TABLE workers ADD COLUMN breaker_until INTEGER;
-- Openings since it was last closed: each doubles the cool-down.
ALTER TABLE workers ADD COLUMN breaker_openings INTEGER NOT NULL DEFAULT 0;
-- Failures before this time do not count: it was closed or reset since.
ALTER TABLE workers ADD COLUMN breaker_from INTEGER NOT NULL DEFAULT 0;
CREATE INDEX workers_held_back ON workers (breaker_until) WHERE breaker <> 'closed';

-- Tests that a grant runs, a JSON array of ids: of a held one as last written, of one that failed, those it ran at its end.
ALTER TABLE task_attempts ADD COLUMN running TEXT CHECK (json_valid(running));
-- Who a failure is blamed on; NULL where nothing failed, or tests only failed.
ALTER TABLE task_attempts ADD COLUMN blame TEXT CHECK (blame IN ('machine', 'test', 'unclear'));
-- workers.total_completed when it failed: equal in two failures = nothing was completed between them.
ALTER TABLE task_attempts ADD COLUMN completed_before INTEGER;
-- Why a further try was given to this worker: which step of escalation, and in words.
ALTER TABLE task_attempts ADD COLUMN step TEXT CHECK (step IN ('retry', 'other_worker', 'other_kind'));
ALTER TABLE task_attempts ADD COLUMN why TEXT;
CREATE INDEX task_attempts_blamed ON task_attempts (worker_id, fence) WHERE blame IS NOT NULL;

-- 0: ordinary. 1: a try of it failed, so the next worker is chosen with care. 2: it also holds a test that ran in a loss or crash.
ALTER TABLE tasks ADD COLUMN escalated INTEGER NOT NULL DEFAULT 0 CHECK (escalated BETWEEN 0 AND 2);
CREATE INDEX tasks_escalated ON tasks (run_id, priority DESC, seq) WHERE state = 'pending' AND escalated > 0;
CREATE INDEX tasks_suspect ON tasks (worker_id) WHERE escalated = 2;

-- A test was running when its process crashed or its worker was lost.
CREATE TABLE test_incidents (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  test_id TEXT NOT NULL,
  fence INTEGER NOT NULL,
  task_id TEXT NOT NULL,
  worker_id TEXT NOT NULL,
  at INTEGER NOT NULL,
  how TEXT NOT NULL CHECK (how IN ('crashed', 'timeout', 'lost', 'expired')),
  reason TEXT,
  PRIMARY KEY (run_id, test_id, fence)
) STRICT, WITHOUT ROWID;

ALTER TABLE tests ADD COLUMN quarantined_at INTEGER;
CREATE INDEX tests_quarantined ON tests (run_id) WHERE quarantined_at IS NOT NULL;
