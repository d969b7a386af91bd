-- Projects belong to teams, and so does all that hangs on them. What there was goes to the first team.
-- A name is unique in its team now. SQLite cannot drop the old constraint, and a table that so much refers to is not made anew: the column it
-- stands on keeps the id from now on, which is unique anyway.
ALTER TABLE projects RENAME COLUMN name TO key;
ALTER TABLE projects ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE projects ADD COLUMN team_id TEXT NOT NULL DEFAULT 'default';
UPDATE projects SET name = key, key = id;
CREATE UNIQUE INDEX projects_by_team ON projects (team_id, name);

-- Bound to one team; NULL = all, as tokens were before there were teams. A join token hands its team on to the worker.
ALTER TABLE tokens ADD COLUMN team_id TEXT REFERENCES teams (id) ON DELETE CASCADE;
-- Whose session made it; their tokens end with them.
ALTER TABLE tokens ADD COLUMN person_id TEXT REFERENCES people (id) ON DELETE SET NULL;
CREATE INDEX tokens_by_person ON tokens (person_id) WHERE person_id IS NOT NULL;

-- The only team whose work it does and whose people see it; NULL = shared by all.
ALTER TABLE workers ADD COLUMN team_id TEXT REFERENCES teams (id) ON DELETE SET NULL;
