/** Asks at the terminal for what nobody may see. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import type { Cli } from '../cli.ts';
import { CliFailure } from '../failure.ts';

/** What is typed is not shown. `givenUp`: what Ctrl-C means, as a sentence. */
export async function askHidden(cli: Cli, what: string, givenUp: string, input: NodeJS.ReadStream): Promise<string> {
  cli.stderr.write(`${what} (is not shown): `);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const prompt = createInterface({ input, output: nowhere, terminal: true });
  const aborted = new AbortController();
  prompt.on('SIGINT', () => aborted.abort());
  try {
    return await prompt.question('', { signal: aborted.signal });
  } catch (cause) {
    throw new CliFailure(givenUp, 'Type it and press Enter.', { cause });
  } finally {
    prompt.close();
    cli.stderr.write('\n');
  }
}
