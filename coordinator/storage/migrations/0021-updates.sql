-- Versions of Playfleet that this coordinator serves to its machines. Their files are blobs.
CREATE TABLE releases (
  id TEXT PRIMARY KEY,
  channel TEXT NOT NULL,
  version TEXT NOT NULL,
  -- As it was signed: machines check it again by themselves.
  envelope TEXT NOT NULL,
  released_at INTEGER NOT NULL,
  signed_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  -- That the publisher has signed, and that an admin lets through here; NULL = as signed.
  signed_percent REAL NOT NULL,
  percent REAL CHECK (percent <= signed_percent),
  imported_at INTEGER NOT NULL,
  imported_by TEXT NOT NULL,
  withdrawn_at INTEGER,
  UNIQUE (channel, version)
) STRICT;

CREATE TABLE release_files (
  release_id TEXT NOT NULL REFERENCES releases (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  sha256 TEXT NOT NULL REFERENCES blobs (sha256),
  size INTEGER NOT NULL,
  PRIMARY KEY (release_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX release_files_by_blob ON release_files (sha256);
