-- People with accounts, the teams that they are in, and how they get in. Texts that open something are stored as hashes or sealed.

-- Owns projects. The first one has a fixed id: what there was before there were teams is its.
CREATE TABLE teams (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE,
  created_at INTEGER NOT NULL
) STRICT;
INSERT INTO teams (id, name, created_at) VALUES ('default', 'default', unixepoch() * 1000);

CREATE TABLE people (
  id TEXT PRIMARY KEY,
  -- In lower case.
  email TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  -- Argon2id, with its parameters; NULL for who signs in through a provider only.
  password_hash TEXT,
  -- Of the whole installation: may do everything in every team.
  admin INTEGER NOT NULL CHECK (admin IN (0, 1)),
  -- Sealed; it counts once it is confirmed.
  totp_secret TEXT,
  totp_confirmed_at INTEGER,
  -- The last time step of which a code was used: no code works twice.
  totp_step INTEGER,
  -- Wrong passwords and codes since the last sign-in, and until when no further one is looked at.
  failures INTEGER NOT NULL DEFAULT 0,
  locked_until INTEGER,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  last_sign_in_at INTEGER
) STRICT;

CREATE TABLE members (
  team_id TEXT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
  person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  role TEXT NOT NULL CHECK (role IN ('viewer', 'runner', 'maintainer', 'admin')),
  PRIMARY KEY (team_id, person_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_by_person ON members (person_id);

-- A browser in which somebody is signed in.
CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  -- password, invitation, reset, admin_link, or the name of a provider.
  method TEXT NOT NULL,
  address TEXT NOT NULL,
  user_agent TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  -- To the minute.
  last_seen_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_person ON sessions (person_id);

-- A browser that is not asked for the second factor.
CREATE TABLE trusted_devices (
  id TEXT PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  address TEXT NOT NULL,
  user_agent TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_used_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX trusted_devices_by_person ON trusted_devices (person_id);

-- Each is deleted when it is used.
CREATE TABLE backup_codes (
  person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  hash TEXT NOT NULL,
  PRIMARY KEY (person_id, hash)
) STRICT, WITHOUT ROWID;

-- Whom a provider knows somebody as.
CREATE TABLE identities (
  provider TEXT NOT NULL,
  subject TEXT NOT NULL,
  person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (provider, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX identities_by_person ON identities (person_id);

-- What works once: an invitation (link), a new password (link), the second step of a sign-in.
CREATE TABLE tickets (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('invitation', 'reset', 'second_factor')),
  hash TEXT NOT NULL UNIQUE,
  -- Whose it is, where they have an account already.
  person_id TEXT REFERENCES people (id) ON DELETE CASCADE,
  -- Of an invitation: whom it is for, in lower case.
  email TEXT,
  -- Of an invitation into a team; NULL = into the whole installation, as admin.
  team_id TEXT REFERENCES teams (id) ON DELETE CASCADE,
  role TEXT CHECK (role IN ('viewer', 'runner', 'maintainer', 'admin')),
  data TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(data)),
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX tickets_by_expiry ON tickets (expires_at);
CREATE INDEX tickets_invited ON tickets (email) WHERE kind = 'invitation';
