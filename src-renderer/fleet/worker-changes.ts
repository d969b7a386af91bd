/** Changing workers: shown at once, taken back where the coordinator refuses, and with the way back to what they were before. */
import type { BulkItem } from '../../shared/protocol/rest/bulk.ts';
import type { Worker, WorkerIntent, WorkerPatch } from '../../shared/protocol/rest/workers.ts';
import { ApiError } from './api-error.ts';
import { api } from './client.ts';
import { positionOf, withWorkers } from './mirror.ts';
import { changeMirror, queryClient, useFleetStore } from './store.ts';

const pathOf = (id: string, rest = ''): string => `/workers/${encodeURIComponent(id)}${rest}`;

/** What a worker will be after a change, as far as that is certain. */
export function patched(worker: Worker, change: WorkerPatch): Worker {
  const { intent, reason, ...rest } = change;
  const next: Worker = { ...worker, ...withoutUndefined(rest) };
  if (intent === undefined) return next;
  return { ...next, intent, intent_reason: reason ?? null, status: statusAfter(next, intent) };
}

function statusAfter(worker: Worker, intent: WorkerIntent): Worker['status'] {
  if (intent === 'maintenance') return 'maintenance';
  // Whether it is there shows only when it is out of maintenance.
  if (worker.status === 'maintenance') return 'offline';
  return worker.status;
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> };
const withoutUndefined = <T extends object>(value: T): Given<T> =>
  Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Given<T>;

/** What puts a worker back to what it was before a change. */
export function wayBack(before: Worker, change: WorkerPatch): WorkerPatch {
  const back: Record<string, unknown> = {};
  for (const key of Object.keys(change) as (keyof WorkerPatch)[]) {
    if (key !== 'reason') back[key] = before[key];
  }
  if (change.intent !== undefined && before.intent_reason !== null) back.reason = before.intent_reason;
  return back;
}

function show(id: string, change: (worker: Worker) => Worker): void {
  changeMirror((mirror) => {
    const known = mirror.workers.get(id);
    return known ? withWorkers(mirror, [change(known.value)], known.at) : mirror;
  });
}

const known = (id: string): Worker | undefined => useFleetStore.getState().mirror.workers.get(id)?.value;

/** Throws the ApiError of a refusal, with what is shown put back. */
export async function changeWorker(id: string, change: WorkerPatch): Promise<Worker> {
  const before = known(id);
  show(id, (worker) => patched(worker, change));
  try {
    const worker = await api.change<Worker>('PATCH', pathOf(id), change);
    changeMirror((mirror) => withWorkers(mirror, [worker], mirror.workers.get(id)?.at ?? positionOf(null)));
    return worker;
  } catch (error) {
    if (before) show(id, (worker) => patched(worker, wayBack(before, change)));
    throw error;
  }
}

export const approveWorker = (id: string): Promise<Worker> =>
  api.change<Worker>('POST', pathOf(id, '/approve')).then((worker) => {
    show(id, (before) => ({ ...before, approved: worker.approved }));
    return worker;
  });

export const resetBreaker = (id: string): Promise<unknown> =>
  api.change('POST', pathOf(id, '/reset-breaker')).finally(() => void readAgain(id));

/** Its key ends, what it holds goes back to the queue. */
export async function removeWorker(id: string): Promise<void> {
  await api.change('DELETE', pathOf(id));
  await queryClient.invalidateQueries({ queryKey: ['workers'] });
}

/** Ends the key that it has, and answers with the new one. */
export const rotateWorkerKey = (id: string): Promise<{ api_key: string }> =>
  api.change<{ api_key: string }>('POST', pathOf(id, '/rotate-key')).finally(() => void readAgain(id));

const readAgain = (id: string): Promise<void> => queryClient.invalidateQueries({ queryKey: ['worker', id] });

export type Outcome = Pick<BulkItem, 'id' | 'result' | 'detail'>;

const AT_ONCE = 6;

/** Does one thing to each of several, a few at once; what is refused for one keeps nobody from the others. In the order of `ids`. */
export async function eachOf(ids: readonly string[], act: (id: string) => Promise<unknown>): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < ids.length) {
      const place = next++;
      const id = ids[place]!;
      outcomes[place] = await act(id).then(
        () => ({ id, result: 'done' as const, detail: null }),
        (error: unknown) => {
          if (!(error instanceof ApiError)) throw error;
          return { id, result: 'refused' as const, detail: error.message };
        },
      );
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, ids.length) }, work));
  return outcomes;
}
