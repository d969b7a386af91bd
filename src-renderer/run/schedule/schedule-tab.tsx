import type { Run } from '../../../shared/protocol/rest/runs.ts';
import { TimelineSection } from '../timeline/timeline.tsx';
import type { TestRow } from '../tests/row.ts';
import { ExplainSection } from './explain.tsx';

/** How the run lay on the slots of its workers, and where their time went. */
export function ScheduleTab({ run, rows }: { run: Run; rows: readonly TestRow[] }) {
  return (
    <>
      <TimelineSection run={run} rows={rows} />
      <ExplainSection run={run} />
    </>
  );
}
