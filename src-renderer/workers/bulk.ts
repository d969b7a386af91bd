/** What may be done to several workers at once, and what came of it. */
import type { Worker, WorkerPatch } from '../../shared/protocol/rest/workers.ts';
import { wayBack, type Outcome } from '../fleet/worker-changes.ts';

export type BulkAction = 'resume' | 'pause' | 'drain' | 'maintenance' | 'approve' | 'addTags' | 'removeTags' | 'remove';

const INTENTS = { resume: 'active', pause: 'paused', drain: 'draining', maintenance: 'maintenance' } as const;

/** The change for one worker; null where it is like that already. `tags` and `reason` as the action needs them. */
export function changeFor(
  worker: Worker,
  action: Exclude<BulkAction, 'approve' | 'remove'>,
  { tags = [], reason = '' }: { tags?: readonly string[]; reason?: string } = {},
): WorkerPatch | null {
  if (action === 'addTags' || action === 'removeTags') {
    const kept = worker.tags.filter((tag) => !tags.includes(tag));
    const next = action === 'addTags' ? [...worker.tags, ...tags.filter((tag) => !worker.tags.includes(tag))] : kept;
    return next.length === worker.tags.length ? null : { tags: next };
  }
  const intent = INTENTS[action];
  if (worker.intent === intent && (reason === '' || worker.intent_reason === reason)) return null;
  return { intent, ...(reason === '' ? {} : { reason }) };
}

export interface BulkResult {
  action: BulkAction;
  items: readonly (Outcome & { hostname: string })[];
  done: number;
  unchanged: number;
  refused: number;
  /** What puts those that were changed back; by id. Empty where there is no way back. */
  undo: ReadonlyMap<string, WorkerPatch>;
}

/** `changes`: what was asked of each worker; those without one were left alone. */
export function bulkResult(
  action: BulkAction,
  workers: readonly Worker[],
  outcomes: readonly Outcome[],
  changes: ReadonlyMap<string, WorkerPatch>,
): BulkResult {
  const byId = new Map(outcomes.map((outcome) => [outcome.id, outcome]));
  const items = workers.map(({ id, hostname }) => {
    const outcome = byId.get(id) ?? { id, result: 'unchanged' as const, detail: null };
    return { ...outcome, hostname };
  });
  const count = (result: Outcome['result']) => items.filter((item) => item.result === result).length;
  const undo = workers.flatMap((worker) => {
    const change = changes.get(worker.id);
    return change !== undefined && byId.get(worker.id)?.result === 'done'
      ? [[worker.id, wayBack(worker, change)] as const]
      : [];
  });
  return {
    action,
    items,
    done: count('done'),
    unchanged: count('unchanged'),
    refused: count('refused'),
    undo: new Map(undo),
  };
}
