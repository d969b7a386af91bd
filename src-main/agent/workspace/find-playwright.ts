/** Finds the Playwright that a project's own tests would load. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface InstalledPlaywright {
  /** Absolute path of the script that `playwright` on the command line starts. */
  cli: string;
  version: string;
}

/** Looks where Node would look from `project` upward, not above `top` (null: up to the file system's root). null when there is none. */
export function findPlaywright(project: string, top: string | null): InstalledPlaywright | null {
  for (const name of ['@playwright/test', 'playwright']) {
    const folder = path.join(project, 'node_modules', name);
    if (!existsSync(path.join(folder, 'cli.js'))) continue;
    const { version } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as { version: string };
    return { cli: path.join(folder, 'cli.js'), version };
  }
  const parent = path.dirname(project);
  return project === top || parent === project ? null : findPlaywright(parent, top);
}
