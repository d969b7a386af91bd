/** `playfleet token create --code`: six words that let one machine in. */
import { joinCodeCreated } from '../../../shared/protocol/rest/join-codes.ts';
import { printJson, printLine, type Cli } from '../cli.ts';
import { EXIT } from '../failure.ts';
import { openApi } from '../open-api.ts';
import { milliseconds } from '../run/quantities.ts';

export interface JoinCodeOptions {
  name?: string;
  team?: string;
  expires?: string;
  json?: boolean;
}

/** The words alone go to stdout, what to do with them to stderr. */
export async function createJoinCode(cli: Cli, { name, team, expires, json }: JoinCodeOptions): Promise<number> {
  const api = await openApi(cli);
  const body = {
    ...(name === undefined ? {} : { name }),
    ...(team === undefined ? {} : { team }),
    ...(expires === undefined
      ? {}
      : { expires_in_seconds: Math.round(milliseconds('--expires', expires, 1000) / 1000) }),
  };
  const made = await api.send('POST', '/api/v1/join-codes', body, joinCodeCreated);
  if (json) {
    printJson(cli, made);
    return EXIT.ok;
  }
  const until = new Date(made.expires_at).toLocaleTimeString(undefined, { timeStyle: 'short' });
  cli.stderr.write(`Lets one machine in, once, until ${until}. There: playfleet join WORDS --at ${api.url}\n`);
  printLine(cli, made.code);
  return EXIT.ok;
}
