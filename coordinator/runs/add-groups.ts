/** Keeps the task groups of a new run; its units are assigned to them when it is planned. */
import type { TaskGroup } from '../../shared/protocol/work.ts';
import { badField } from '../http/refusal.ts';
import type { WriteHandle } from '../storage/database.ts';
import { groupsProblem } from './rules/groups.ts';

/** Throws a Refusal that names the group for circles, unknown names and static runs. */
export async function addGroups(
  w: WriteHandle,
  runId: string,
  kind: 'queue' | 'shards',
  groups: readonly TaskGroup[],
): Promise<void> {
  if (groups.length === 0) return;
  if (kind === 'shards')
    throw badField(
      'config.groups',
      "belongs to queue runs, because Playwright's --shard cuts the suite as it likes: leave one of them out",
    );
  const problem = groupsProblem(groups);
  if (problem) throw badField(`config.groups.${problem.field}`, problem.message);
  await w.run(
    `INSERT INTO task_groups (run_id, no, name, spec) SELECT ?, key, value ->> '$.name', value FROM json_each(?)`,
    [runId, JSON.stringify(groups)],
  );
}
