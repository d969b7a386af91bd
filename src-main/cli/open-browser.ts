/** Hands an address to the desktop's own way of opening it. */
import { spawn } from 'node:child_process';
import process from 'node:process';
import { CliFailure } from './failure.ts';

/** Resolves once the opener has started. `url` must be http(s): anything else could start a program. */
export async function openBrowser(url: string): Promise<void> {
  if (!/^https?:\/\//.test(url)) throw new CliFailure(`${url} is not a web address.`);
  const [command, args] = opener(url);
  await new Promise<void>((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'ignore', detached: true });
    child.once('spawn', () => {
      child.unref();
      resolve();
    });
    child.once('error', (cause) =>
      reject(
        new CliFailure(`This machine has no ${command} to open a browser with.`, `Open it yourself: ${url}`, { cause }),
      ),
    );
  });
}

function opener(url: string): [string, string[]] {
  if (process.platform === 'darwin') return ['open', [url]];
  // `start` is a word of the shell, which would read & in the address.
  if (process.platform === 'win32') return ['rundll32', ['url.dll,FileProtocolHandler', url]];
  return ['xdg-open', [url]];
}
