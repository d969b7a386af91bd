-- Tags of a worker come from two sides: what its machine says of itself, and what people changed about that. `tags` stays what counts.
ALTER TABLE workers ADD COLUMN own_tags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE workers ADD COLUMN added_tags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE workers ADD COLUMN hidden_tags TEXT NOT NULL DEFAULT '[]';
UPDATE workers SET own_tags = tags;
