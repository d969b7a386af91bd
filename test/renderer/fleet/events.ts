/** Events as the coordinator sends them, for what reduces them. */
import type { EventData, EventType, FleetEvent } from '../../../shared/protocol/events.ts';
import type { Run } from '../../../shared/protocol/rest/runs.ts';

export const EPOCH = 'db';

export function event<T extends EventType>(
  seq: number,
  type: T,
  data: EventData<T>,
  ids: Partial<FleetEvent> = {},
): FleetEvent {
  return {
    seq,
    epoch: EPOCH,
    at: 1_000 * seq,
    type,
    run_id: 'r1',
    worker_id: 'w1',
    task_id: 't1',
    data,
    ...ids,
  } as FleetEvent;
}

export const settled = (
  test_id: string,
  outcome: 'expected' | 'unexpected' | 'flaky' | 'skipped',
  replaces: typeof outcome | null = null,
) => ({
  test_id,
  title: test_id,
  project: 'p',
  file: 'f',
  line: 1,
  outcome,
  replaces,
  attempts: 1,
  duration_ms: 5,
  error: null,
});

const totals = { total: 0, settled: 0, expected: 0, unexpected: 0, flaky: 0, skipped: 0, passed: 0, failed: 0 };

/** The parts of a run that lists show; the rest is never looked at. */
export const runRow = (over: Partial<Run> = {}): Run =>
  ({
    id: 'r1',
    number: 1,
    name: 'Nightly',
    project: 'shop',
    status: 'pending',
    outcome: null,
    reason: null,
    tags: ['nightly'],
    groups: [],
    deadline: null,
    tests: totals,
    tasks: { total: 0, finished: 0 },
    progress: 0,
    success_rate: null,
    started_at: null,
    completed_at: null,
    duration_ms: null,
    report: { state: 'none', message: null },
    ...over,
  }) as Run;
