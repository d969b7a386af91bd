-- Whether its failure uses up an automatic retry of its task: what is counted against tests does not.
ALTER TABLE task_attempts ADD COLUMN charged INTEGER NOT NULL DEFAULT 1 CHECK (charged IN (0, 1));
UPDATE task_attempts SET charged = 0 WHERE ended IN ('failed', 'lost', 'expired') AND fence IN (SELECT fence FROM test_incidents);
