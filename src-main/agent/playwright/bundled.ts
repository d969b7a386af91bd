import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { PlaywrightRefusal } from './resolve-playwright.ts';

/**
 * Absolute path of one of our bundled programs: beside the running bundle, or in dist/ when the sources run (tests).
 * @throws PlaywrightRefusal where Playwright's `--reporter`, a comma-separated list, could not name it.
 */
export function bundled(name: 'reporter.cjs' | 'discover-reporter.cjs' | 'browser-probe.cjs'): string {
  const here = path.dirname(fileURLToPath(import.meta.url));
  const beside = path.join(here, name);
  const file = existsSync(beside) ? beside : path.resolve(here, '../../../dist', name);
  if (file.includes(',')) {
    const message = `Playfleet is installed in a folder with a comma in its name, which Playwright cannot take: ${path.dirname(file)}`;
    throw new PlaywrightRefusal('badInstallation', message);
  }
  return file;
}
