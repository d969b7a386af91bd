-- Every index of the event log is paid for by each event, and the one over workers and tasks touched a page of its own for each. Times
-- follow seq; what a worker did with its tasks is found through task_attempts.
DROP INDEX events_by_time;
DROP INDEX events_by_worker;
CREATE INDEX events_of_workers ON events (worker_id, seq) WHERE worker_id IS NOT NULL AND task_id IS NULL;
