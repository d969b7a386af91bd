/** `playfleet run`: brings the suite to the coordinator, creates a run, follows it, and says how it ended. */
import path from 'node:path';
import process from 'node:process';
import { run as runShape, type Run } from '../../../shared/protocol/rest/runs.ts';
import { page } from '../../../shared/protocol/rest/common.ts';
import type { Api } from '../api.ts';
import { styleOf, type Cli } from '../cli.ts';
import { openApi } from '../open-api.ts';
import { EXIT } from '../failure.ts';
import { watchInterrupts } from '../interrupts.ts';
import { openBrowser } from '../open-browser.ts';
import { attend, runPath } from '../run/attend.ts';
import { prepareRun } from '../run/begin.ts';
import { createJsonViewer } from '../run/json-viewer.ts';
import { createLiveViewer } from '../run/live-viewer.ts';
import { createPlainViewer } from '../run/plain-viewer.ts';
import type { RunOptions } from '../run/request.ts';
import { foreignLine } from '../terminal/foreign.ts';
import type { Viewer } from '../run/viewer.ts';

export async function runCommand(cli: Cli, playwrightArgs: readonly string[], options: RunOptions): Promise<number> {
  const begin = prepareRun(cli, options, playwrightArgs);
  const api = await openApi(cli);
  const viewer = chooseViewer(cli, options.json === true);
  const interrupts = watchInterrupts(() => {
    viewer.close();
    process.exit(EXIT.cancelled);
  });
  try {
    // Before anything is packed: whether there is a coordinator that accepts this user.
    await api.get('/api/v1/test-runs?limit=1', page(runShape), { signal: interrupts.signal });
    const begun = await begin({ api, viewer, signal: interrupts.signal });
    viewer.created({ ...begun, api: api.url + runPath(begun.id) });
    if (options.detach) return EXIT.ok;
    const { run, exitCode } = await attend(cli, api, viewer, begun.id, interrupts.signal);
    if (options.explain) await (await import('./explain.ts')).printExplanation(cli, api, run.id, false);
    await handOver(cli, api, run, options);
    return exitCode;
  } catch (error) {
    if (interrupts.signal.aborted && error === interrupts.signal.reason) return EXIT.cancelled;
    throw error;
  } finally {
    viewer.close();
    interrupts.end();
  }
}

/** What becomes of the report. The run's own exit code stands where there is none. */
async function handOver(cli: Cli, api: Api, run: Run, { reportDir, open, json }: RunOptions): Promise<void> {
  if (reportDir === undefined && !open) return;
  if (run.report.state !== 'ready') {
    cli.stderr.write(
      `playfleet: there is no report to hand over: ${foreignLine(run.report.message ?? 'it is not ready')}\n`,
    );
    return;
  }
  const { saveReport } = await import('./report.ts');
  if (reportDir !== undefined) {
    const folder = path.resolve(cli.cwd, reportDir);
    await saveReport(api, run, folder);
    if (!json) cli.stdout.write(`  Saved in ${folder}\n`);
  }
  if (open) await openBrowser(await api.whereTo(run.links.report));
}

export function chooseViewer(cli: Cli, json: boolean): Viewer {
  if (json) return createJsonViewer(cli.stdout, cli.clock);
  const style = styleOf(cli);
  const { term, ci } = cli.config.terminal;
  const live = cli.stdout.isTTY === true && term !== 'dumb' && !ci;
  return live ? createLiveViewer(cli.stdout, style, cli.clock) : createPlainViewer(cli.stdout, style, cli.clock);
}
