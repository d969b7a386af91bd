-- A run that waits for another one.
CREATE TABLE run_dependencies (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  before_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  -- How the one before should end, and what becomes of this one where it ends otherwise.
  on_ending TEXT NOT NULL CHECK (on_ending IN ('success', 'end', 'failure')),
  otherwise TEXT NOT NULL CHECK (otherwise IN ('skip', 'run', 'wait')),
  -- Since when it is not waited for any more.
  met_at INTEGER,
  PRIMARY KEY (run_id, before_id),
  CHECK (run_id <> before_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_dependencies_open ON run_dependencies (before_id) WHERE met_at IS NULL;
CREATE INDEX runs_by_origin ON runs (rerun_of) WHERE rerun_of IS NOT NULL;

-- Parts of a run of which some begin only when others have ended.
CREATE TABLE task_groups (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  no INTEGER NOT NULL,
  name TEXT NOT NULL,
  -- TaskGroup, as the request had it.
  spec TEXT NOT NULL CHECK (json_valid(spec)),
  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'passed', 'failed', 'skipped')),
  reason TEXT,
  -- Known once the run is planned.
  tests INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (run_id, no),
  UNIQUE (run_id, name)
) STRICT, WITHOUT ROWID;
-- task_groups.no; NULL = in none.
ALTER TABLE tasks ADD COLUMN group_no INTEGER;
-- Its group may not begin yet: pending, and handed to nobody.
ALTER TABLE tasks ADD COLUMN waits INTEGER NOT NULL DEFAULT 0 CHECK (waits IN (0, 1));
CREATE INDEX tasks_of_group ON tasks (run_id, group_no) WHERE group_no IS NOT NULL;
