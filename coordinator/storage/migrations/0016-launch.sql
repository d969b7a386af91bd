-- What starts a run again and again. `options` in the shape that `version` names (shared/protocol/rest/launch.ts).
CREATE TABLE run_templates (
  id TEXT PRIMARY KEY,
  team_id TEXT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  category TEXT NOT NULL,
  version INTEGER NOT NULL,
  options TEXT NOT NULL CHECK (json_valid(options)),
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  updated_by TEXT NOT NULL,
  used INTEGER NOT NULL DEFAULT 0,
  last_used_at INTEGER,
  UNIQUE (team_id, name)
) STRICT;

-- Images that somebody took over as the new expectation. The files lie in the source tree, which nobody but its owner changes.
CREATE TABLE accepted_screenshots (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  -- Of the comparison: test, attempt and name.
  comparison TEXT NOT NULL,
  path TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  accepted_at INTEGER NOT NULL,
  accepted_by TEXT NOT NULL,
  PRIMARY KEY (run_id, comparison)
) STRICT, WITHOUT ROWID;
