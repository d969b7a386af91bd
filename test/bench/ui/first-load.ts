/** How much JavaScript a browser fetches before the first page can be shown: what index.html names, and what that imports at once. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

/** Kilobytes, gzipped. `folder`: of the built dashboard. */
export async function firstLoadJs(folder: string): Promise<number> {
  const html = await readFile(path.join(folder, 'index.html'), 'utf8');
  const named = [...html.matchAll(/(?:src|href)="\/?([^"]+\.js)"/g)].flatMap(([, file]) => file ?? []);
  if (named.length === 0) throw new Error('index.html of the dashboard names no script');
  let bytes = 0;
  const seen = new Set<string>();
  const add = async (file: string): Promise<void> => {
    if (seen.has(file)) return;
    seen.add(file);
    const code = await readFile(path.join(folder, file));
    bytes += gzipSync(code).length;
    // Static imports only: import("…") comes later.
    for (const [, next] of code
      .toString('utf8')
      .matchAll(/(?:^|[;}\s])(?:import|export)\s*(?:[\w*{},$\s]+from\s*)?"(\.[^"]+)"/g))
      await add(path.posix.join(path.posix.dirname(file), next ?? ''));
  };
  for (const file of named) await add(file);
  return Math.round(bytes / 102.4) / 10;
}
