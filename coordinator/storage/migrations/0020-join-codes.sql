-- Codes of six words that let a machine in. Neither the words nor what they can be told from is stored: a slow hash of them, sealed under the
-- key beside the database, and a name of it by which it is found.
CREATE TABLE join_codes (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  team_id TEXT REFERENCES teams (id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  -- Whose session asked for it.
  person_id TEXT,
  expires_at INTEGER NOT NULL,
  lookup TEXT NOT NULL UNIQUE,
  -- NULL once it is used, revoked or locked.
  sealed_key TEXT,
  tries INTEGER NOT NULL DEFAULT 0,
  used_at INTEGER,
  revoked_at INTEGER,
  -- The join token that it became.
  token_id TEXT
) STRICT;
CREATE INDEX join_codes_by_end ON join_codes (expires_at);
