/** A run of a list, kept up to date by events: the same object where nothing changed. */
import type { FleetEvent } from '../../shared/protocol/events.ts';
import type { Run, RunTotals } from '../../shared/protocol/rest/runs.ts';
import type { TestOutcome } from '../../shared/protocol/playwright.ts';

type Settled = Extract<FleetEvent, { type: 'results' }>['data']['settled'];

/** `isRace`: whether the task of the event races another one; those are not among the run's tasks. */
export function runAfter(run: Run, event: FleetEvent, isRace: (taskId: string) => boolean): Run {
  switch (event.type) {
    case 'run.state':
      return afterState(run, event.data, event.at);
    case 'run.reason':
    case 'run.waiting':
      return { ...run, reason: event.data.reason };
    case 'run.planned': {
      const { tests_total: total, tasks_total } = event.data;
      return withProgress({
        ...run,
        total_tests: total,
        tests: { ...run.tests, total },
        tasks: { ...run.tasks, total: tasks_total },
      });
    }
    case 'task.split':
      return withProgress({ ...run, tasks: { ...run.tasks, total: run.tasks.total + 1 } });
    case 'task.finished':
      return isRace(event.task_id) ? run : finished(run, 1);
    case 'run.group': {
      const { name, state, reason, tasks } = event.data;
      const groups = run.groups.map((group) => (group.name === name ? { ...group, state, reason } : group));
      return finished({ ...run, groups }, tasks);
    }
    case 'results':
      return withTotals(run, totalsAfter(run.tests, event.data.settled));
    case 'run.deadline': {
      const { state, predicted_end, boost } = event.data;
      const end = predicted_end === null ? null : new Date(predicted_end).toISOString();
      return run.deadline ? { ...run, deadline: { ...run.deadline, state, predicted_end: end, boost } } : run;
    }
    case 'report.state':
      return { ...run, report: event.data };
    default:
      return run;
  }
}

export const isOver = (status: Run['status']): boolean =>
  status === 'completed' || status === 'failed' || status === 'cancelled';

function afterState(run: Run, data: Extract<FleetEvent, { type: 'run.state' }>['data'], at: number): Run {
  const over = isOver(data.to);
  const now = new Date(at).toISOString();
  const started = run.started_at ?? (data.to === 'pending' || over ? null : now);
  return {
    ...run,
    status: data.to,
    reason: data.reason,
    outcome: data.outcome,
    started_at: started,
    completed_at: over ? now : null,
    duration_ms: over && started !== null ? at - Date.parse(started) : run.duration_ms,
  };
}

function finished(run: Run, tasks: number): Run {
  return withProgress({ ...run, tasks: { ...run.tasks, finished: run.tasks.finished + tasks } });
}

function withProgress(run: Run): Run {
  const { total, finished } = run.tasks;
  return { ...run, progress: total === 0 ? 0 : Math.min(100, (100 * finished) / total) };
}

function withTotals(run: Run, tests: RunTotals): Run {
  const counted = tests.passed + tests.failed;
  return { ...run, tests, success_rate: counted === 0 ? null : tests.passed / counted };
}

function totalsAfter(before: RunTotals, settled: Settled): RunTotals {
  const counts: Record<TestOutcome, number> = {
    expected: before.expected,
    unexpected: before.unexpected,
    flaky: before.flaky,
    skipped: before.skipped,
  };
  for (const { outcome, replaces } of settled) {
    if (replaces !== null) counts[replaces] -= 1;
    counts[outcome] += 1;
  }
  const { expected, unexpected, flaky, skipped } = counts;
  return {
    ...counts,
    total: Math.max(before.total, expected + unexpected + flaky + skipped),
    settled: expected + unexpected + flaky + skipped,
    passed: expected + flaky,
    failed: unexpected,
  };
}
