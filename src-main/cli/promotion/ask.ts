/** Asks whoever sits at the terminal. */
import { createInterface } from 'node:readline/promises';
import { printLine, type Cli } from '../cli.ts';

/** null where nobody can be asked: then an option must say it. */
export async function askYesNo(
  cli: Cli,
  question: string,
  input: NodeJS.ReadStream = process.stdin,
): Promise<boolean | null> {
  if (!input.isTTY || cli.stdout.isTTY !== true) return null;
  const prompt = createInterface({ input, output: process.stdout });
  try {
    const said = await prompt.question(`${question} [y/N] `);
    return /^\s*y(es)?\s*$/i.test(said);
  } finally {
    prompt.close();
    printLine(cli);
  }
}
