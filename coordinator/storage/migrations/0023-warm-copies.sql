-- What a worker may hold of this coordinator to stand in for it (shared/protocol/offline), and when its copy was last as new as this database.
ALTER TABLE workers ADD COLUMN warm_copy TEXT NOT NULL DEFAULT 'no' CHECK (warm_copy IN ('no', 'yes', 'secrets'));
ALTER TABLE workers ADD COLUMN warm_copy_at INTEGER;

-- What has changed since a copy was taken: in order, with the primary key behind it.
CREATE INDEX test_history_by_change ON test_history (updated_at);

-- In a promoted coordinator: where runs of the central one had their files from. The ids and numbers are of runs that are not here.
CREATE TABLE known_sources (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  metadata TEXT NOT NULL CHECK (json_valid(metadata)),
  source TEXT NOT NULL CHECK (json_valid(source)),
  environment TEXT
) STRICT;
CREATE INDEX known_sources_of_project ON known_sources (project_id, created_at);
