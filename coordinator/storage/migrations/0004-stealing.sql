-- Idle slots take over what is left of others: this finds it without reading what has its outcome already.
CREATE INDEX tests_open ON tests (run_id, unit_no) WHERE outcome IS NULL AND unit_no IS NOT NULL;

-- What one more Playwright process of a project costs, learned from its runs, in milliseconds.
CREATE TABLE project_costs (
  project_id TEXT PRIMARY KEY REFERENCES projects (id) ON DELETE CASCADE,
  start_ms REAL NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How fast a machine runs tests, learned from its results: 1 = as the history of durations says, 0.5 = takes twice as long.
ALTER TABLE workers ADD COLUMN speed REAL NOT NULL DEFAULT 1 CHECK (speed > 0);
