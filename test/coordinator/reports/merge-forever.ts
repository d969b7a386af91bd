/** A coordinator in miniature: begins a merge of the plan in argv[2], says so, and waits for it. */
import { readFileSync } from 'node:fs';
import { systemClock } from '../../../shared/base/clock.ts';
import { mergeReports } from '../../../coordinator/reports/merge-reports.ts';
import type { ReportPlan } from '../../../coordinator/reports/plan.ts';

const plan = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as ReportPlan;
const after = (ms: number, fn: () => void): (() => void) => {
  process.stdout.write('merging\n');
  return systemClock.after(ms, fn);
};
await mergeReports(plan, { nodePath: process.execPath, clock: { ...systemClock, after } });
