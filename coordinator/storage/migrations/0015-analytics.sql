-- What figures over many runs are made of. A run is added to the days below when it ends; runs that were cancelled teach nothing.

-- A test over runs: with the primary key behind it, in the order in which the runs were created.
CREATE INDEX tests_by_test ON tests (test_id);
-- Which error it failed with (clusters.id); NULL where it did not.
ALTER TABLE tests ADD COLUMN cluster TEXT;

-- Errors without what differs between tests; an id is made of the title, so it is the same everywhere.
CREATE TABLE clusters (id TEXT PRIMARY KEY, title TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- `day`: days since the epoch in UTC, of the end of the run. Supporting tests are not counted.
CREATE TABLE test_days (
  project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  day INTEGER NOT NULL,
  test_id TEXT NOT NULL,
  expected INTEGER NOT NULL,
  unexpected INTEGER NOT NULL,
  flaky INTEGER NOT NULL,
  skipped INTEGER NOT NULL,
  -- Runs in which it ran, and how long it took in them: retries included.
  ran INTEGER NOT NULL,
  total_ms REAL NOT NULL,
  max_ms REAL NOT NULL,
  PRIMARY KEY (project_id, day, test_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE worker_days (
  worker_id TEXT NOT NULL,
  day INTEGER NOT NULL,
  project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  tests INTEGER NOT NULL,
  unexpected INTEGER NOT NULL,
  flaky INTEGER NOT NULL,
  tests_ms REAL NOT NULL,
  PRIMARY KEY (worker_id, day, project_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE failure_days (
  project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  day INTEGER NOT NULL,
  cluster TEXT NOT NULL,
  unexpected INTEGER NOT NULL,
  flaky INTEGER NOT NULL,
  runs INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  last_run_id TEXT NOT NULL,
  PRIMARY KEY (project_id, day, cluster)
) STRICT, WITHOUT ROWID;

INSERT INTO test_days (project_id, day, test_id, expected, unexpected, flaky, skipped, ran, total_ms, max_ms)
SELECT r.project_id, r.completed_at / 86400000, t.test_id, sum(t.outcome = 'expected'), sum(t.outcome = 'unexpected'), sum(t.outcome = 'flaky'),
  sum(t.outcome = 'skipped'), sum(t.attempts > 0 AND t.outcome <> 'skipped'),
  sum(iif(t.attempts > 0 AND t.outcome <> 'skipped', t.duration_ms, 0.0)), max(iif(t.attempts > 0 AND t.outcome <> 'skipped', t.duration_ms, 0.0))
FROM runs r JOIN tests t ON t.run_id = r.id
WHERE r.state IN ('completed', 'failed') AND t.supporting = 0 AND t.outcome IS NOT NULL GROUP BY 1, 2, 3;

INSERT INTO worker_days (worker_id, day, project_id, tests, unexpected, flaky, tests_ms)
SELECT a.worker_id, r.completed_at / 86400000, r.project_id, count(*), sum(t.outcome = 'unexpected'), sum(t.outcome = 'flaky'), sum(t.duration_ms)
FROM runs r JOIN tests t ON t.run_id = r.id JOIN task_attempts a ON a.fence = t.fence
WHERE r.state IN ('completed', 'failed') AND t.supporting = 0 AND t.attempts > 0 GROUP BY 1, 2, 3;

-- Holds all that counting runs needs, so that their rows are not read.
CREATE INDEX runs_ended ON runs (completed_at, project_id, state, outcome, started_at, expected, unexpected, flaky, skipped)
  WHERE completed_at IS NOT NULL;
CREATE INDEX runs_of_project ON runs (project_id, number);
CREATE INDEX task_attempts_by_worker ON task_attempts (worker_id, granted_at);
CREATE INDEX events_of_presence ON events (worker_id, at) WHERE type IN ('worker.online', 'worker.offline');

-- Whether it took all tests of the suite: no filter among its arguments, no selection.
ALTER TABLE runs ADD COLUMN whole INTEGER NOT NULL DEFAULT 0 CHECK (whole IN (0, 1));
