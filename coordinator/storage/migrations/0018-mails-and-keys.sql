-- Mails that wait to be sent, and for a while those that were: so that a failing mail server never fails what people do.
CREATE TABLE mails (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  -- In lower case.
  recipient TEXT NOT NULL,
  -- Subject, text and HTML, sealed: they hold links that open accounts. NULL once it is sent or given up.
  content TEXT,
  created_at INTEGER NOT NULL,
  -- Given up then: its link would be over.
  expires_at INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'failed')),
  next_try_at INTEGER NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  ended_at INTEGER,
  -- Of the last try, as the mail server or the network said it.
  error TEXT
) STRICT;
CREATE INDEX mails_waiting ON mails (next_try_at) WHERE state = 'waiting';
CREATE INDEX mails_by_recipient ON mails (recipient, kind, created_at);
CREATE INDEX mails_ended ON mails (ended_at) WHERE state <> 'waiting';

-- Of the browser that somebody signed in with last: the one that mails to them are in. NULL = as the installation.
ALTER TABLE people ADD COLUMN language TEXT CHECK (language IN ('en', 'de'));

-- Browsers that somebody has signed in with, by a cookie: any other is told of by mail.
CREATE TABLE known_browsers (
  person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  hash TEXT NOT NULL,
  last_seen_at INTEGER NOT NULL,
  PRIMARY KEY (person_id, hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX known_browsers_by_use ON known_browsers (last_seen_at);

-- The key that a worker had before: works on until the new one is used, in case the worker never got it or could not store it.
ALTER TABLE workers ADD COLUMN old_key_hash TEXT;
ALTER TABLE workers ADD COLUMN old_key_created_at INTEGER;
CREATE UNIQUE INDEX workers_by_old_key ON workers (old_key_hash) WHERE old_key_hash IS NOT NULL;

-- Who has brought the bytes of a blob, and so may know that they are here: 'team:<id>' or 'worker:<id>'.
CREATE TABLE blob_owners (
  sha256 TEXT NOT NULL REFERENCES blobs (sha256) ON DELETE CASCADE,
  owner TEXT NOT NULL,
  PRIMARY KEY (sha256, owner)
) STRICT, WITHOUT ROWID;
