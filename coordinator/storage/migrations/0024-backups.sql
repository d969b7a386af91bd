-- Tries to take a backup: when the last good one was, and why others failed. The backups themselves lie in their folder.
CREATE TABLE backup_attempts (
  id TEXT PRIMARY KEY,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  trigger TEXT NOT NULL CHECK (trigger IN ('asked', 'scheduled')),
  -- Token or person, or 'schedule'.
  by TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed')),
  -- Name of what it made.
  backup TEXT,
  -- When what it holds was fixed.
  taken_at INTEGER,
  -- Why it failed, or what should be known of one that is done.
  detail TEXT,
  written_bytes INTEGER,
  blocked_ms REAL,
  CHECK ((state = 'running') = (ended_at IS NULL))
) STRICT;
CREATE INDEX backup_attempts_by_start ON backup_attempts (started_at);
