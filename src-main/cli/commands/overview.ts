/** `playfleet status` without a run: what goes on in the fleet. */
import { isFinal } from '../../../shared/model/run-view.ts';
import { runLabel } from '../../../shared/model/run-label.ts';
import { offlineState } from '../../../shared/protocol/offline/promotion.ts';
import { page } from '../../../shared/protocol/rest/common.ts';
import { run as runShape } from '../../../shared/protocol/rest/runs.ts';
import type { Api } from '../api.ts';
import { printJson, printLine, styleOf, type Cli } from '../cli.ts';
import { EXIT } from '../failure.ts';
import { foreignLine } from '../terminal/foreign.ts';
import { counted } from '../terminal/format.ts';
import { deadlineLine, printRuns } from './print-runs.ts';
import { copyAge } from './copies.ts';
import { readWorkers } from './workers.ts';

const NEWEST = 20;
const ENDED_SHOWN = 5;

export async function showOverview(cli: Cli, api: Api, { json }: { json?: boolean }): Promise<number> {
  const [workers, { promotion }, { items: runs }] = await Promise.all([
    readWorkers(api),
    api.get('/api/v1/offline', offlineState),
    api.get(`/api/v1/test-runs?limit=${NEWEST}`, page(runShape)),
  ]);
  const online = workers.filter((worker) => worker.status !== 'offline');
  const slots = online.reduce((sum, worker) => sum + worker.max_parallel_tasks, 0);
  const busy = online.reduce((sum, worker) => sum + worker.current_tasks.length, 0);
  const active = runs.filter((run) => !isFinal(run.status));
  if (json) {
    printJson(cli, {
      url: api.url,
      workers: { total: workers.length, online: online.length },
      slots: { total: slots, busy },
      active_runs: active,
    });
    return EXIT.ok;
  }
  const { paint } = styleOf(cli);
  printLine(cli, `${paint('bold', 'Coordinator')} ${api.url}`);
  printLine(
    cli,
    `${online.length} of ${counted(workers.length, 'worker')} online, ${busy} of ${counted(slots, 'slot')} busy`,
  );
  if (promotion) {
    const { machine, of, homecoming } = promotion;
    const left = counted(homecoming.runs_to_bring, 'run');
    const line = `${foreignLine(machine)} stands in for ${foreignLine(of.url)}: ${left} to bring home (playfleet demote, there)`;
    printLine(cli, paint('yellow', line));
  }
  const held = promotion ? [] : workers.filter((worker) => worker.warm_copy.permit !== 'no');
  if (held.length > 0) {
    const now = cli.clock.now();
    const ages = held.map(({ hostname, warm_copy }) => `${foreignLine(hostname)} ${copyAge(warm_copy, now)}`);
    printLine(cli, paint('dim', `Warm copies: ${ages.join(', ')}`));
  }
  if (workers.length === 0)
    printLine(cli, paint('yellow', 'Nothing can run yet. Add a machine: playfleet token create --join'));
  for (const run of active.filter((one) => one.reason !== null)) {
    printLine(cli, paint('yellow', `Run #${runLabel(run.number)} waits: ${foreignLine(run.reason ?? '')}`));
  }
  for (const run of active) {
    if (run.deadline !== null)
      printLine(cli, `Run #${runLabel(run.number)}: ${deadlineLine(run.deadline, styleOf(cli))}`);
  }
  printLine(cli);
  const shown = [...active, ...runs.filter((run) => isFinal(run.status)).slice(0, ENDED_SHOWN)];
  if (shown.length === 0) printLine(cli, 'No runs yet. Start one in the folder of a Playwright project: playfleet run');
  else printRuns(cli, shown);
  return EXIT.ok;
}
