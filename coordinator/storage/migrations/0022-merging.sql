-- Coordinators that worked on their own, and what they did, brought together (docs/decisions/0026-merging.md).

-- Each database has an origin of its own; others come with what they bring.
CREATE TABLE origins (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  own INTEGER NOT NULL CHECK (own IN (0, 1)),
  -- Keeps the numbers of its runs and its fences apart from those of others in this database; 0: of a coordinator that was never promoted.
  slot INTEGER NOT NULL UNIQUE,
  -- Under which it numbers its runs itself: another one only where two have chosen the same.
  its_slot INTEGER NOT NULL,
  promoted_at INTEGER,
  registered_at INTEGER NOT NULL,
  -- Who announced it: nobody else brings entries of it.
  registered_by TEXT NOT NULL,
  -- An admin brings it: what it changed in settings and people may count at once.
  trusted INTEGER NOT NULL DEFAULT 0 CHECK (trusted IN (0, 1)),
  last_batch_at INTEGER,
  verified_at INTEGER
) STRICT;
CREATE UNIQUE INDEX origins_own ON origins (own) WHERE own = 1;
-- The name is that of the machine, which knows it at its start.
INSERT INTO origins (id, name, own, slot, its_slot, registered_at, registered_by)
  VALUES (lower(hex(randomblob(16))), '', 1, 0, 0, unixepoch() * 1000, 'system');

-- What lets a machine bring what it did as a promoted coordinator. Only the hash is stored.
CREATE TABLE sync_credentials (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE,
  worker_id TEXT,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  revoked_at INTEGER
) STRICT;

-- Of a promoted coordinator: each entry that it has to bring home, and up to which revision that is done.
CREATE TABLE journal (
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  rev INTEGER NOT NULL,
  run_id TEXT,
  parts INTEGER NOT NULL,
  hash TEXT NOT NULL,
  acknowledged INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX journal_open ON journal (run_id, kind) WHERE acknowledged < rev;
CREATE INDEX journal_of_run ON journal (run_id) WHERE run_id IS NOT NULL;
-- What came with the warm copy, so that only changes of it are brought home. `hash` of the value; for facts of nothing.
CREATE TABLE journal_base (
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

-- Of the coordinator that it is brought to: every entry that ever came, by the slot of its origin. The payload stays where it is in no
-- other table, or until it is in place. begun: a run of which parts are in place; changed: one that is in place, and came anew.
-- refused: this database cannot hold it; `payload` says what it is.
CREATE TABLE merged (
  origin INTEGER NOT NULL,
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  rev INTEGER NOT NULL,
  run_id TEXT,
  parts INTEGER NOT NULL,
  hash TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'begun', 'changed', 'in_place', 'refused')),
  payload TEXT,
  PRIMARY KEY (origin, kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX merged_open ON merged (run_id, kind, origin) WHERE state IN ('waiting', 'begun', 'changed');
CREATE INDEX merged_open_runs ON merged (state) WHERE kind = 'run' AND state IN ('waiting', 'begun', 'changed');
CREATE INDEX merged_of_run ON merged (run_id, origin) WHERE run_id IS NOT NULL;
CREATE INDEX merged_registers ON merged (kind, id) WHERE kind IN ('setting', 'person', 'policy', 'template');

-- What a register was here before a version from elsewhere counted, and which one counts now (SHA-256 of its value).
CREATE TABLE own_registers (
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  own TEXT,
  counts TEXT NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

-- Versions that did not prevail. Values are JSON; NULL: taken away.
CREATE TABLE conflicts (
  id TEXT PRIMARY KEY,
  origin INTEGER NOT NULL,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  ours TEXT,
  theirs TEXT,
  theirs_at INTEGER NOT NULL,
  theirs_by TEXT NOT NULL,
  why TEXT NOT NULL,
  found_at INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'theirs', 'ours')),
  resolved_at INTEGER,
  resolved_by TEXT,
  UNIQUE (origin, kind, key),
  CHECK ((state = 'open') = (resolved_at IS NULL))
) STRICT;
CREATE INDEX conflicts_open ON conflicts (found_at) WHERE state = 'open';

-- The audit logs of others, each with its own chain.
CREATE TABLE merged_audit (
  origin INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  actor_name TEXT NOT NULL,
  address TEXT NOT NULL,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  data TEXT NOT NULL CHECK (json_valid(data)),
  previous TEXT NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (origin, seq)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER merged_audit_never_changes BEFORE UPDATE ON merged_audit BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER merged_audit_never_shrinks BEFORE DELETE ON merged_audit BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;

-- An event of another origin (its slot), and the number that it has there.
ALTER TABLE events ADD COLUMN origin INTEGER;
ALTER TABLE events ADD COLUMN origin_seq INTEGER;
-- Runs of several origins are ordered by when they were created: numbers only tell them apart.
DROP INDEX runs_of_project;
CREATE INDEX runs_of_project ON runs (project_id, created_at, number);

CREATE UNIQUE INDEX events_merged ON events (origin, origin_seq) WHERE origin IS NOT NULL;
