-- A racer runs what is left of another task near the end of a run, on another machine; the first final result of each test counts. It has
-- no units of its own, is not counted in tasks_total, and never waits: it is granted when it is made, and ends with its one grant.
ALTER TABLE tasks ADD COLUMN race_of TEXT;
-- The grant that it races: each is raced once at most.
ALTER TABLE tasks ADD COLUMN race_fence INTEGER;
CREATE UNIQUE INDEX tasks_races ON tasks (race_fence) WHERE race_fence IS NOT NULL;
CREATE INDEX tasks_racing ON tasks (race_of) WHERE race_of IS NOT NULL;
