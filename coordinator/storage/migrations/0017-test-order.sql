-- In which order a run begins its tests, and how often each test has failed lately: 0 never, 1 each time; a test that only passed again counts half.
ALTER TABLE runs ADD COLUMN test_order TEXT NOT NULL DEFAULT 'longest_first' CHECK (test_order IN ('longest_first', 'likely_failures_first'));
ALTER TABLE test_history ADD COLUMN failure_rate REAL NOT NULL DEFAULT 0 CHECK (failure_rate BETWEEN 0 AND 1);
UPDATE test_history SET failure_rate = CASE last_outcome WHEN 'unexpected' THEN 1 WHEN 'flaky' THEN 0.5 ELSE 0 END;
-- How likely it fails; 0 where the run does not ask for that order. Within a task, the likelier unit begins first.
ALTER TABLE units ADD COLUMN likelihood REAL NOT NULL DEFAULT 0;
