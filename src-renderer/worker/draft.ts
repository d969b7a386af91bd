/** What stands in the form of a worker's settings, and the change that it means. */
import type { Worker, WorkerPatch } from '../../shared/protocol/rest/workers.ts';

export interface Draft {
  tags: string;
  slots: string;
  priority: string;
  weight: string;
  /** '' = all. */
  team: string;
  notes: string;
}

type Asked = Pick<Worker, 'tags' | 'max_parallel_tasks' | 'priority' | 'weight' | 'team_id' | 'notes'>;

export const draftOf = (worker: Asked): Draft => ({
  tags: worker.tags.join(', '),
  slots: String(worker.max_parallel_tasks),
  priority: String(worker.priority),
  weight: String(worker.weight),
  team: worker.team_id ?? '',
  notes: worker.notes,
});

/** Whether people have changed what the machine says of itself. */
export const hasOtherTags = ({ tags, own_tags: own }: Pick<Worker, 'tags' | 'own_tags'>): boolean =>
  tags.length !== own.length || tags.some((tag) => !own.includes(tag));

/** Only what is another: two people who change two things do not undo each other. */
export function changeIn(draft: Draft, worker: Asked): WorkerPatch {
  const tags = [...new Set(draft.tags.split(/[,\s]+/).filter(Boolean))];
  const before = draftOf(worker);
  const change: WorkerPatch = {};
  if (tags.join(' ') !== worker.tags.join(' ')) change.tags = tags;
  if (draft.slots !== before.slots) change.max_parallel_tasks = Number(draft.slots);
  if (draft.priority !== before.priority) change.priority = Number(draft.priority);
  if (draft.weight !== before.weight) change.weight = Number(draft.weight);
  if (draft.team !== before.team) change.team_id = draft.team === '' ? null : draft.team;
  if (draft.notes !== before.notes) change.notes = draft.notes;
  return change;
}
