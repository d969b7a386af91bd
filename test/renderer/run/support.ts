import type { FleetEvent, SettledTestEvent } from '../../../shared/protocol/events.ts';
import type { TestSummary } from '../../../shared/protocol/rest/results.ts';
import { rowOfSummary, type TestRow } from '../../../src-renderer/run/tests/row.ts';

export const summary = (id: string, over: Partial<TestSummary> = {}): TestSummary => ({
  test_id: id,
  title: id,
  title_path: [id],
  project: 'chromium',
  file: 'cart.spec.ts',
  line: 1,
  tags: [],
  supporting: false,
  outcome: null,
  attempts: 0,
  duration_ms: null,
  note: null,
  error: null,
  worker: null,
  ...over,
});

export const row = (id: string, over: Partial<TestSummary> = {}): TestRow =>
  rowOfSummary(summary(id, over), 0, undefined);

export const failed = (id: string, error: string, over: Partial<TestSummary> = {}): TestRow =>
  row(id, { outcome: 'unexpected', attempts: 1, duration_ms: 10, error, ...over });

const envelope = { seq: 1, epoch: 'e', at: 1_000, run_id: 'run', worker_id: 'w1', task_id: 't1' };

export const settled = (id: string, over: Partial<SettledTestEvent> = {}): SettledTestEvent => ({
  test_id: id,
  title: id,
  project: 'chromium',
  file: 'cart.spec.ts',
  line: 1,
  outcome: 'expected',
  replaces: null,
  attempts: 1,
  duration_ms: 10,
  error: null,
  ...over,
});

export const results = (...tests: SettledTestEvent[]): FleetEvent => ({
  ...envelope,
  type: 'results',
  data: { settled: tests },
});

export const running = (...ids: string[]): FleetEvent => ({
  ...envelope,
  type: 'tests.running',
  data: { attempt: 1, running: ids.map((id) => ({ test_id: id, title: id, retry: 0 })) },
});

export const granted: FleetEvent = {
  ...envelope,
  type: 'task.granted',
  data: {
    attempt: 1,
    fence: 1,
    worker: 'mac-1',
    kind: 'units',
    slots: 1,
    shard_index: null,
    tests: 2,
    needs: '',
    race_of: null,
    cpus: 0,
    memory_bytes: 0,
  },
};
