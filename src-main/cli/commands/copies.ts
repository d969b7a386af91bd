/** `playfleet copies`: which machines keep a copy of the coordinator, to stand in for it, and who may. */
import { offlineState, type OfflineState } from '../../../shared/protocol/offline/promotion.ts';
import type { CopyPermit } from '../../../shared/protocol/offline/warm-copy.ts';
import { worker } from '../../../shared/protocol/rest/workers.ts';
import { printJson, printLine, styleOf, type Cli } from '../cli.ts';
import { EXIT } from '../failure.ts';
import { openApi } from '../open-api.ts';
import { foreignLine } from '../terminal/foreign.ts';
import { ago } from '../terminal/format.ts';
import { tableLines } from '../terminal/table.ts';
import { findWorker } from './workers.ts';

interface Json {
  json?: boolean;
}
type Copy = OfflineState['copies'][number];

export const copyAge = ({ at }: Pick<Copy, 'at'>, now: number): string =>
  at === null ? 'not fetched yet' : ago(Math.max(0, now - Date.parse(at)));

export async function listCopies(cli: Cli, { json }: Json): Promise<number> {
  const api = await openApi(cli);
  const { copies } = await api.get('/api/v1/offline', offlineState);
  if (json) printJson(cli, copies);
  else if (copies.length === 0)
    printLine(cli, 'No machine may stand in for this coordinator. Let one: playfleet copies allow NAME');
  else {
    const now = cli.clock.now();
    const columns = [
      { title: 'WORKER', value: (one: Copy) => foreignLine(one.hostname), flexible: true },
      { title: 'COPY', value: (one: Copy) => copyAge(one, now) },
      { title: 'SECRETS', value: (one: Copy) => (one.permit === 'secrets' ? 'may have them' : 'no') },
    ];
    for (const line of tableLines(copies, columns, styleOf(cli), cli.stdout.columns ?? 120)) printLine(cli, line);
  }
  return EXIT.ok;
}

export async function permitCopy(cli: Cli, name: string, permit: CopyPermit, { json }: Json): Promise<number> {
  const api = await openApi(cli);
  const { id, hostname } = await findWorker(api, name);
  const changed = await api.send('PUT', `/api/v1/workers/${encodeURIComponent(id)}/warm-copy`, { permit }, worker);
  const who = foreignLine(hostname);
  if (json) printJson(cli, changed);
  else if (permit === 'no')
    printLine(cli, `${who} may not stand in for this coordinator any more: it removes its copy.`);
  else {
    printLine(cli, `${who} keeps a copy of this coordinator from now on, and may stand in for it (playfleet promote).`);
    printLine(
      cli,
      'The copy holds people with the hashes of their passwords. It is encrypted; give this to machines that you trust.',
    );
    if (permit === 'secrets')
      printLine(
        cli,
        'Secrets go along where its tests run as another user (--run-as), or its owner wants it (--copy-secrets).',
      );
  }
  return EXIT.ok;
}
