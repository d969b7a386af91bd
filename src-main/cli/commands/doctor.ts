/** `playfleet doctor`: looks at everything that can be wrong, and says how to mend it. */
import { readAgentConfig } from '../../agent/config.ts';
import { printJson, printLine, styleOf, type Cli } from '../cli.ts';
import type { Finding } from '../doctor/check.ts';
import { checkCoordinator } from '../doctor/coordinator.ts';
import { checkFolder, checkGit, checkLoginFile, checkNode } from '../doctor/machine.ts';
import { checkSuite } from '../doctor/suite.ts';
import { EXIT } from '../failure.ts';
import { foreignLine } from '../terminal/foreign.ts';

/** Exit code 2 where anything failed. */
export async function doctor(cli: Cli, options: { data?: string; json?: boolean }): Promise<number> {
  const { config, clock } = cli;
  const { dataDir } = readAgentConfig(options.data === undefined ? {} : { data: options.data });
  const looks = await Promise.all([
    checkGit(config.variables, clock),
    checkFolder('Worker data', dataDir),
    checkLoginFile(config.configDir),
    checkCoordinator(cli),
    checkSuite(cli),
  ]);
  const findings = [checkNode(), ...looks.flat().filter((finding) => finding !== null)];
  if (options.json) printJson(cli, findings);
  else for (const finding of findings) show(cli, finding);
  return findings.some((finding) => finding.result === 'failed') ? EXIT.trouble : EXIT.ok;
}

function show(cli: Cli, { name, result, detail, mend }: Finding): void {
  const { paint, signs } = styleOf(cli);
  const sign = {
    ok: paint('green', signs.passed),
    failed: paint('red', signs.failed),
    skipped: paint('grey', signs.skipped),
  }[result];
  printLine(cli, `${sign} ${name.padEnd(12)} ${foreignLine(detail)}`);
  if (mend !== '') printLine(cli, `               ${paint('yellow', foreignLine(mend))}`);
}
