/** Random but possible histories of a run, for properties. */
import type { FleetEvent, SettledTestEvent } from '../../../shared/protocol/events.ts';
import type { TestOutcome } from '../../../shared/protocol/playwright.ts';

export const RUN = 'run-1';
const EPOCH = 'epoch-1';
const OUTCOMES: TestOutcome[] = ['expected', 'expected', 'expected', 'unexpected', 'flaky', 'skipped'];

/** Each number of `choices` becomes one event (or none), as a coordinator with two workers and some tests could emit it. */
export function eventLog(choices: readonly number[], tests = 12): FleetEvent[] {
  const events: FleetEvent[] = [];
  const held = new Map<string, { worker: string; attempt: number }>();
  const attempts = new Map<string, number>();
  const outcome = new Map<string, TestOutcome>();
  const tasks = ['task-1', 'task-2', 'task-3'];
  const workers = ['worker-1', 'worker-2'];
  let seq = 0;
  let fence = 0;
  let ended = false;

  const add = (event: Record<string, unknown>, live = false): void => {
    if (!live) seq += 1;
    const ids = { run_id: RUN, worker_id: null, task_id: null };
    events.push({ seq, epoch: EPOCH, at: 1000 + events.length * 10, ...ids, ...event } as unknown as FleetEvent);
  };
  const pick = <T>(list: readonly T[], choice: number): T | undefined => list[choice % Math.max(1, list.length)];

  add({ type: 'run.created', data: { number: 7, name: 'nightly', kind: 'queue', total_shards: 0, created_by: 'me' } });
  add({ type: 'run.state', data: { from: 'pending', to: 'scheduling', reason: null, outcome: null } });
  add({ type: 'run.planned', data: { tests_total: tests, tasks_total: tasks.length } });
  add({ type: 'run.state', data: { from: 'scheduling', to: 'running', reason: null, outcome: null } });
  for (const choice of choices) {
    if (ended) break;
    const what = choice % 11;
    const arg = Math.floor(choice / 11);
    const worker = pick(workers, arg)!;
    const busy = [...held.keys()];
    const task = pick(busy, arg);
    const of = (id: string) => {
      const grant = held.get(id)!;
      return { run_id: RUN, worker_id: grant.worker, task_id: id, data: { attempt: grant.attempt, fence } };
    };
    if (what === 0 || what === 1) {
      const free = pick(
        tasks.filter((id) => !held.has(id)),
        arg,
      );
      if (free === undefined) continue;
      const attempt = (attempts.get(free) ?? 0) + 1;
      fence += 1;
      attempts.set(free, attempt);
      held.set(free, { worker, attempt });
      const data = {
        attempt,
        fence,
        worker: worker.toUpperCase(),
        kind: 'units',
        slots: 1,
        shard_index: null,
        tests: 4,
      };
      add({ type: 'task.granted', worker_id: worker, task_id: free, data });
    } else if (what === 2 && task) {
      add({ type: 'task.started', ...of(task) });
    } else if (what === 3 && task) {
      const event = of(task);
      held.delete(task);
      add({ type: 'task.finished', ...event, data: { ...event.data, state: 'completed', reason: null } });
    } else if (what === 4 && task) {
      const event = of(task);
      held.delete(task);
      add({ type: 'task.requeued', ...event, data: { ...event.data, ended: 'lost', reason: 'the worker is gone' } });
    } else if ((what === 5 || what === 6) && task) {
      const settled = settle(arg, tests, outcome);
      const { data: _data, ...event } = of(task);
      if (settled.length > 0) add({ type: 'results', ...event, data: { settled } });
    } else if ((what === 7 || what === 8) && task) {
      const running = Array.from({ length: arg % 3 }, (_, i) => {
        const id = `test-${(arg + i) % tests}`;
        return { test_id: id, title: `title of ${id}`, retry: arg % 2 };
      });
      const { data, ...event } = of(task);
      add({ type: 'tests.running', ...event, data: { attempt: data.attempt, running } }, true);
    } else if (what === 9) {
      const ids = { run_id: null, worker_id: worker };
      const name = worker.toUpperCase();
      if (arg % 4 === 0) add({ type: 'worker.online', ...ids, data: { worker: name, slots: 2 } });
      else if (arg % 4 === 1) add({ type: 'worker.changed', ...ids, data: { worker: name, fields: ['tags'] } });
      else if (arg % 4 === 2) add({ type: 'settings.changed', run_id: null, data: { keys: ['smtp_port'], by: 'me' } });
      else add({ type: 'worker.offline', ...ids, data: { worker: name, reason: 'silent' } });
    } else if (what === 10 && arg % 20 === 0) {
      ended = true;
      add({ type: 'run.state', data: { from: 'running', to: 'completed', reason: null, outcome: 'passed' } });
      add({ type: 'report.state', data: { state: 'ready', message: null } });
    }
  }
  return events;
}

/** As the coordinator counts: once per test, except that a failure replaces a success of the supporting test 0. */
function settle(arg: number, tests: number, outcome: Map<string, TestOutcome>): SettledTestEvent[] {
  const settled: SettledTestEvent[] = [];
  for (let i = 0; i <= arg % 3; i++) {
    const id = `test-${(arg * 7 + i) % tests}`;
    const next = OUTCOMES[(arg + i) % OUTCOMES.length]!;
    const before = outcome.get(id) ?? null;
    if (before !== null && !(id === 'test-0' && next === 'unexpected' && before !== 'unexpected')) continue;
    outcome.set(id, next);
    settled.push({
      test_id: id,
      title: `title of ${id}`,
      project: 'chromium',
      file: 'a.spec.ts',
      line: i,
      outcome: next,
      replaces: before,
      attempts: next === 'flaky' ? 2 : 1,
      duration_ms: (arg * 13) % 1000,
      error: next === 'unexpected' ? 'Error: no' : null,
    });
  }
  return settled;
}
