/** What the page of logs shows: as the API is asked for it, and for what comes live. */
import type { FleetEvent } from '../../shared/protocol/events.ts';
import type { EventFilter } from '../fleet/events.ts';
import { isAtLeast, LEVELS, typesAtLeast, type Level } from '../parts/event-level.ts';

export const KINDS = ['all', 'run', 'task', 'results', 'worker', 'coordinator'] as const;
export type Kind = (typeof KINDS)[number];
/** Beginnings of types. */
const PREFIXES: Record<Exclude<Kind, 'all'>, readonly string[]> = {
  run: ['run.', 'report.'],
  task: ['task.', 'test.'],
  results: ['results'],
  worker: ['worker.'],
  coordinator: ['settings.', 'scheduling.', 'coordinator.'],
};

export const SPANS = { hour: 3_600_000, day: 86_400_000, week: 604_800_000 } as const;
export type Span = keyof typeof SPANS | 'all' | 'between';

/** As the address has it: texts, '' = does not restrict. */
export interface View {
  text: string;
  kind: string;
  level: string;
  run: string;
  worker: string;
  span: string;
  /** Local time, for the span `between`. */
  from: string;
  to: string;
}

export interface LogFilter extends EventFilter {
  level: Level;
}

/** `now` in milliseconds since the epoch. `runId`: of the run that `run` names. */
export function filterOf(view: View, runId: string, now: number): LogFilter {
  const level = LEVELS.find((one) => one === view.level) ?? 'info';
  const types = typesFor(view.kind, level);
  return {
    level,
    ...(types === null ? {} : { type: types.join(',') }),
    ...(view.text === '' ? {} : { search: view.text }),
    ...(runId === '' ? {} : { run_id: runId }),
    ...(view.worker === '' ? {} : { worker_id: view.worker }),
    ...spanOf(view, now),
  };
}

/** Types of the level that are of the kind; null: all. */
function typesFor(kind: string, level: Level): readonly string[] | null {
  const prefixes = kind in PREFIXES ? PREFIXES[kind as Exclude<Kind, 'all'>] : null;
  const types = typesAtLeast(level);
  if (types === null || prefixes === null) return types ?? prefixes;
  const both = types.filter((type) => prefixes.some((prefix) => type.startsWith(prefix)));
  // A type that there is not: nothing of this kind can be that bad.
  return both.length === 0 ? ['-'] : both;
}

function spanOf({ span, from, to }: View, now: number): Pick<EventFilter, 'from' | 'before'> {
  if (span in SPANS) return { from: new Date(now - SPANS[span as keyof typeof SPANS]).toISOString() };
  if (span !== 'between') return {};
  const iso = (local: string) => new Date(local).toISOString();
  return { ...(isTime(from) ? { from: iso(from) } : {}), ...(isTime(to) ? { before: iso(to) } : {}) };
}

const isTime = (local: string): boolean => local !== '' && !Number.isNaN(Date.parse(local));

/** What the API does not look at: how bad it is depends on what the event says. */
export const shows = (event: FleetEvent, { level }: LogFilter): boolean => isAtLeast(event, level);

/** Whether an event that comes live is one that the API would answer. */
export function matchesLive(event: FleetEvent, filter: LogFilter): boolean {
  const { type, search, run_id: run, worker_id: worker, before } = filter;
  if (event.type === 'tests.running' || event.type === 'run.log' || before !== undefined) return false;
  if (type !== undefined && !type.split(',').some((prefix) => event.type.startsWith(prefix))) return false;
  if (run !== undefined && event.run_id !== run) return false;
  if (worker !== undefined && (event.worker_id !== worker || (run === undefined && event.task_id !== null)))
    return false;
  if (search !== undefined && !JSON.stringify(event.data).toLowerCase().includes(search.toLowerCase())) return false;
  return shows(event, filter);
}
