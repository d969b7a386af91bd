/** How busy machines were lately. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { Machines } from '../../shared/protocol/rest/analytics.ts';
import { api } from './client.ts';

export type MachineHistory = Machines['items'][number]['points'];
export interface MachinesSince {
  /** Milliseconds since the epoch. */
  from: number;
  to: number;
  stepMs: number;
  byWorker: ReadonlyMap<string, MachineHistory>;
}

const AT_ONCE = 50;
const EVERY_MS = 60_000;

/** Of these workers, over the last hours, in so many steps; read anew every minute. */
export function useMachines(ids: readonly string[], hours: number, points: number) {
  return useQuery({
    queryKey: ['machines', hours, points, ids],
    enabled: ids.length > 0,
    refetchInterval: EVERY_MS,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }): Promise<MachinesSince> => {
      const chunks = Array.from({ length: Math.ceil(ids.length / AT_ONCE) }, (_, n) =>
        ids.slice(n * AT_ONCE, (n + 1) * AT_ONCE),
      );
      const answers = await Promise.all(
        chunks.map((some) => api.get<Machines>('/metrics/machines', { ids: some.join(','), hours, points }, signal)),
      );
      const { period, step_ms: stepMs } = answers[0]!;
      const byWorker = new Map(
        answers.flatMap(({ items }) => items.map((item) => [item.worker_id, item.points] as const)),
      );
      return { from: Date.parse(period.from), to: Date.parse(period.to), stepMs, byWorker };
    },
  });
}

export type MachineFigure = 'cpu' | 'memory' | 'disk';

/** Per cent in use; null = not known. */
export function figureOf(
  metrics: Pick<
    MachineHistory[number],
    'cpu_percent' | 'memory_used_bytes' | 'memory_total_bytes' | 'disk_free_bytes' | 'disk_total_bytes'
  >,
  figure: MachineFigure,
): number | null {
  if (figure === 'cpu') return metrics.cpu_percent;
  if (figure === 'memory') return share(metrics.memory_used_bytes, metrics.memory_total_bytes);
  const { disk_free_bytes: free, disk_total_bytes: total } = metrics;
  return free === null || total === null ? null : share(total - free, total);
}

const share = (part: number | null, whole: number | null): number | null =>
  part === null || whole === null || whole <= 0 ? null : Math.min(100, Math.max(0, (100 * part) / whole));

/** Machines tell of themselves once a minute: as many steps without a word as may lie between two of these, and one that came late. */
export const quietSteps = (stepMs: number): number => Math.ceil((2.5 * EVERY_MS) / stepMs) - 1;

/** One value per step of the period, null where there was no heartbeat. */
export function series(
  history: MachineHistory,
  { from, to, stepMs }: MachinesSince,
  figure: MachineFigure,
): (number | null)[] {
  const values = new Array<number | null>(Math.max(1, Math.round((to - from) / stepMs))).fill(null);
  for (const point of history) {
    const place = Math.min(values.length - 1, Math.max(0, Math.floor((Date.parse(point.at) - from) / stepMs)));
    values[place] = figureOf(point, figure);
  }
  return values;
}
