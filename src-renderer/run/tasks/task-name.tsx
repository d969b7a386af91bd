import type { Task } from '../../../shared/protocol/rest/tasks.ts';
import { useMessages } from '../../ui/i18n.ts';
import { Badge } from '../../ui/status.tsx';
import { messages } from './messages.ts';

/** What a task is, in words. */
export function useTaskName(): (task: Task) => string {
  const t = useMessages(messages);
  return (task) => {
    if (task.kind === 'discover') return t('discover');
    if (task.kind === 'units') return t('units', { n: task.tests_total });
    return t('shard', { index: task.shard_index ?? 0, total: task.shard_total ?? 0 });
  };
}

export function TaskName({ task }: { task: Task }) {
  const t = useMessages(messages);
  const nameOf = useTaskName();
  return (
    <>
      {nameOf(task)} {task.race_of !== null && <Badge>{t('race')}</Badge>}
    </>
  );
}
