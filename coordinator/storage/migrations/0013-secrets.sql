-- What tests of a project need and nobody may read. `sealed` is bound to the id of its row.
CREATE TABLE secrets (
  id           TEXT PRIMARY KEY,
  project_id   TEXT NOT NULL REFERENCES projects (id),
  environment  TEXT NOT NULL,
  name         TEXT NOT NULL,
  sealed       TEXT NOT NULL,
  in_discovery INTEGER NOT NULL DEFAULT 0 CHECK (in_discovery IN (0, 1)),
  created_at   INTEGER NOT NULL,
  updated_at   INTEGER NOT NULL,
  updated_by   TEXT NOT NULL,
  UNIQUE (project_id, environment, name)
) STRICT;
