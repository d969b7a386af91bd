/** `playfleet restore`: makes a data folder of a backup, for a coordinator to start on. */
import path from 'node:path';
import { restoreInto } from '../../../coordinator/backup.ts';
import { printJson, printLine, styleOf, type Cli } from '../cli.ts';
import { CliFailure, EXIT } from '../failure.ts';
import type { PassphraseOptions } from '../passphrase.ts';
import { counted, duration } from '../terminal/format.ts';
import { told, whichOne } from './backup.ts';

export interface RestoreOptions extends PassphraseOptions {
  into: string;
  name?: string;
  json?: boolean;
}

export async function restore(cli: Cli, from: string, options: RestoreOptions): Promise<number> {
  const into = path.resolve(cli.cwd, options.into);
  const started = cli.clock.monotonic();
  const which = await whichOne(cli, from, options);
  const { manifest, artifacts, missingArtifacts, hasKeys } = await told(
    restoreInto(into, which, () => cli.clock.now()),
  ).catch((error: unknown) => {
    if ((error as Error).name !== 'StorageLockedError') throw error;
    throw new CliFailure(`A coordinator is running on ${into}.`, 'Stop it, or name another folder.', { cause: error });
  });
  const tookMs = Math.round(cli.clock.monotonic() - started);
  const ageMs = cli.clock.now() - Date.parse(manifest.taken_at);
  if (options.json) {
    const facts = { backup: manifest.name, into, state_of: manifest.taken_at, age_ms: ageMs, took_ms: tookMs };
    printJson(cli, {
      restored: true,
      ...facts,
      counts: manifest.counts,
      artifacts,
      missing_artifacts: missingArtifacts,
      has_keys: hasKeys,
    });
    return EXIT.ok;
  }
  const { paint, signs } = styleOf(cli);
  const { runs, results, people } = manifest.counts;
  printLine(
    cli,
    paint('green', `${signs.passed} ${manifest.name} is restored into ${into}, every byte of it checked.`),
  );
  printLine(
    cli,
    `  Holds     ${counted(runs, 'run', 'runs')}, ${counted(results, 'result', 'results')}, ${counted(people, 'person', 'people')}, ${counted(artifacts, 'artifact', 'artifacts')}`,
  );
  printLine(cli, `  State of  ${manifest.taken_at}, ${duration(ageMs)} ago: what came after is not in it`);
  printLine(cli, `  Took      ${duration(tookMs)}`);
  if (missingArtifacts > 0)
    printLine(
      cli,
      `  Without   ${counted(missingArtifacts, 'artifact', 'artifacts')} that ${manifest.artifacts === null ? 'were left out' : 'were lost before it was taken'}`,
    );
  if (!hasKeys)
    printLine(
      cli,
      `  Keys      not in it: put secret.key (and tls) of the old data folder into ${into} before you start, or set secrets and secret settings again`,
    );
  printLine(cli, `Start it with the flags that it had: playfleet coordinator --data ${JSON.stringify(into)}`);
  printLine(
    cli,
    'What ran when the backup was taken waits again; people sign in again, workers come back by themselves.',
  );
  return EXIT.ok;
}
