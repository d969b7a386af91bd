-- What admins say about scheduling: caps, weights and ordered rules; `data` as shared/protocol/rest/scheduling.ts has them.
CREATE TABLE policies (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('cap', 'weight', 'rule')),
  -- What there may be one of: two caps for one tag would contradict each other.
  key TEXT NOT NULL,
  position INTEGER NOT NULL,
  data TEXT NOT NULL CHECK (json_valid(data)),
  updated_at INTEGER NOT NULL,
  updated_by TEXT NOT NULL,
  UNIQUE (kind, key)
) STRICT;

ALTER TABLE runs ADD COLUMN deadline INTEGER;
ALTER TABLE runs ADD COLUMN predicted_end INTEGER;
ALTER TABLE runs ADD COLUMN deadline_state TEXT CHECK (deadline_state IN ('on_time', 'at_risk', 'late'));
-- Added to its priority as its deadline comes near.
ALTER TABLE runs ADD COLUMN boost INTEGER NOT NULL DEFAULT 0;
CREATE INDEX runs_with_deadline ON runs (deadline) WHERE deadline IS NOT NULL AND state IN ('pending', 'scheduling', 'running');
-- Name of what it tests against, for caps.
ALTER TABLE runs ADD COLUMN environment TEXT;
-- CPUs and memory per slot, for all of it and by tags of tests.
ALTER TABLE runs ADD COLUMN requests TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(requests));
-- Why nothing more of it begins although workers could serve it. Unlike `reason` it never ends a run.
ALTER TABLE runs ADD COLUMN waiting TEXT;

-- What one slot of it asks for; 0 = nothing is set aside.
ALTER TABLE tasks ADD COLUMN cpus REAL NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN memory_bytes INTEGER NOT NULL DEFAULT 0;
-- What was set aside for an attempt, for all of its slots together.
ALTER TABLE task_attempts ADD COLUMN slots INTEGER NOT NULL DEFAULT 1;
ALTER TABLE task_attempts ADD COLUMN cpus REAL NOT NULL DEFAULT 0;
ALTER TABLE task_attempts ADD COLUMN memory_bytes INTEGER NOT NULL DEFAULT 0;
