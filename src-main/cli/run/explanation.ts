/** An explained schedule as lines: the verdict first, then where the time of the slots went, then what could be better. */
import type { Explanation, IdleWhy, SlotTime } from '../../../shared/protocol/rest/explain.ts';
import { runLabel } from '../../../shared/model/run-label.ts';
import { foreignLine } from '../terminal/foreign.ts';
import { counted, duration } from '../terminal/format.ts';
import type { Style } from '../terminal/style.ts';
import { tableLines } from '../terminal/table.ts';

const WHY: Record<IdleWhy, string> = {
  waiting_for_first_task: 'waiting for a first task',
  between_tasks: 'between two tasks',
  other_run: 'busy with another run',
  not_connected: 'not connected',
  nothing_left: 'nothing left to take over',
};
const MOST = 5;

export function explanationLines(schedule: Explanation, style: Style, columns: number): string[] {
  const { paint, signs } = style;
  const title = `Schedule of run #${runLabel(schedule.number)} ${foreignLine(schedule.name)}`;
  const head = paint('bold', title) + (schedule.final ? '' : paint('dim', ' (so far)'));
  if (schedule.slots === 0) return ['', head, '  No test of it has been given to a worker yet.'];
  return [
    '',
    head,
    ...verdict(schedule, style),
    '',
    ...slotTable(schedule, style, columns),
    ...listed('Taken over by idle slots', schedule.steals, (steal) => {
      const to = steal.to === null ? 'nobody yet' : foreignLine(steal.to);
      return `${at(steal.at_ms)}  ${counted(steal.tests, 'test')} (${duration(steal.expected_ms)} expected) ${foreignLine(steal.from)} ${signs.arrow} ${to}`;
    })(style),
    ...listed('Raced near the end', schedule.races, (race) => {
      const end =
        race.won === null ? 'still running' : race.won ? 'the racer was first' : 'the first machine was first';
      return `${at(race.at_ms)}  ${counted(race.tests, 'test')} ${foreignLine(race.from)} ${signs.arrow} ${foreignLine(race.to)}: ${end}`;
    })(style),
    ...listed('Grants that did not complete', schedule.requeues, (requeue) => {
      const why = requeue.reason === null ? '' : `: ${foreignLine(requeue.reason)}`;
      return `${at(requeue.at_ms)}  ${foreignLine(requeue.worker)} ${requeue.ended}${why}`;
    })(style),
    ...listed('Furthest from what was expected', schedule.surprises, (unit) => {
      return `${duration(unit.expected_ms).padStart(8)} ${signs.arrow} ${duration(unit.actual_ms).padStart(8)}  ${foreignLine(unit.title)}`;
    })(style),
    ...advice(schedule),
  ];
}

function verdict(schedule: Explanation, style: Style): string[] {
  const { longest_unit: longest, work_ms, slots } = schedule;
  const ratio = schedule.ratio === null ? '' : ` (${schedule.ratio.toFixed(2)} times)`;
  const isLongest = longest !== null && longest.ms >= work_ms / slots;
  const bound = isLongest
    ? `its longest piece: ${foreignLine(longest.title)}`
    : `${duration(work_ms)} of tests on ${counted(slots, 'slot')}`;
  const overhead =
    schedule.overhead_per_test_ms === null ? '' : `, ${duration(schedule.overhead_per_test_ms)} of overhead per test`;
  return [
    `  Took ${duration(schedule.makespan_ms)}${overhead}; ${duration(schedule.before_ms)} passed before the first test was handed out`,
    `  At best ${style.paint('bold', duration(schedule.lower_bound_ms))}${ratio}: ${bound}`,
  ];
}

interface Row extends SlotTime {
  name: string;
  tests: number;
  why: string;
}

function slotTable(schedule: Explanation, style: Style, columns: number): string[] {
  const rows: Row[] = schedule.workers.flatMap(({ worker, slots }) =>
    slots.map((slot, i) => ({
      ...slot,
      name: slots.length === 1 ? foreignLine(worker) : `${foreignLine(worker)} ${i + 1}`,
      why: slot.idle[0] ? WHY[slot.idle[0].why] : '',
    })),
  );
  const total: Row = {
    ...schedule.time,
    name: 'all',
    tests: rows.reduce((sum, row) => sum + row.tests, 0),
    why: '',
  };
  const share = (ms: number): string =>
    `${Math.round((ms / Math.max(1, schedule.makespan_ms * schedule.slots)) * 100)} %`;
  const lines = tableLines(
    [...rows, total],
    [
      { title: '  Slot', value: (row) => `  ${row.name}`, flexible: true },
      { title: 'Tests', value: (row) => String(row.tests), right: true },
      { title: 'In tests', value: (row) => duration(row.tests_ms), right: true },
      { title: 'Repeated', value: (row) => duration(row.repeated_ms), right: true },
      { title: 'Process', value: (row) => duration(row.process_ms), right: true },
      { title: 'Preparing', value: (row) => duration(row.preparing_ms), right: true },
      { title: 'Idle', value: (row) => duration(row.idle_ms), right: true },
      { title: 'Idle because of', value: (row) => row.why, flexible: true },
    ],
    style,
    columns,
  );
  const { time } = schedule;
  const parts = `  ${share(time.tests_ms)} in tests, ${share(time.repeated_ms)} repeated, ${share(time.process_ms)} in processes around them, ${share(time.preparing_ms)} preparing, ${share(time.idle_ms)} idle`;
  return [...lines, style.paint('dim', parts)];
}

function advice(schedule: Explanation): string[] {
  const { one_more_slot: more, longest_unit: longest, lower_bound_ms, work_ms, slots } = schedule;
  const lines: string[] = [];
  if (more)
    lines.push(
      `  One more slot, on another machine, would have saved about ${duration(more.saved_ms)} (${duration(more.makespan_ms)} in all).`,
    );
  if (longest !== null && longest.ms >= lower_bound_ms && longest.ms > work_ms / slots)
    lines.push(
      `  No further slot helps below ${duration(longest.ms)}: only a shorter ${foreignLine(longest.title)} does.`,
    );
  if (schedule.kind === 'shards' && schedule.ratio !== null && schedule.ratio > 1.2)
    lines.push('  Shards cannot give work to each other: without --shards idle slots take over what is left.');
  return lines.length > 0 ? ['', ...lines] : [];
}

const at = (ms: number): string => `at ${duration(ms)}`.padStart(11);

function listed<T>(title: string, items: readonly T[], line: (item: T) => string): (style: Style) => string[] {
  return (style) => {
    if (items.length === 0) return [];
    const more = items.length > MOST ? [`    ${style.signs.ellipsis} and ${items.length - MOST} more`] : [];
    return [
      '',
      `  ${style.paint('dim', `${title}: ${items.length}`)}`,
      ...items.slice(0, MOST).map((item) => `    ${line(item)}`),
      ...more,
    ];
  };
}
