/** The licences of all that a package is made of: what ships beside the bundles, what is in them, and what the dashboard is built with. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { root } from '../programs.ts';
import { nameOf, readLock, shippedPackages } from './shipped.ts';

const LEGAL = /^(licen[cs]e|notice|copying|thirdpartynotices)/i;
const RULE = '-'.repeat(80);

/** One text with a part for each package, by name. Packages without a licence file are named with the licence that they declare. */
export async function makeNotices(): Promise<string> {
  const lock = await readLock();
  const parts: string[] = [];
  for (const at of await shippedPackages(lock)) {
    const { version = '', license = 'no licence declared' } = lock.packages[at]!;
    const texts = await legalTexts(path.join(root, at));
    // Not installed here: a native part for another system.
    if (texts === null) continue;
    parts.push([RULE, `${nameOf(at)} ${version} (${license})`, RULE, ...texts].join('\n\n'));
  }
  return `Playfleet contains the following packages.\n\n${parts.join('\n\n')}\n`;
}

/** Some keep a folder of them. */
async function legalTexts(folder: string): Promise<string[] | null> {
  if (!existsSync(folder)) return null;
  const entries = await readdir(folder, { withFileTypes: true });
  const texts: string[] = [];
  for (const entry of entries.filter(({ name }) => LEGAL.test(name)).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const at = path.join(folder, entry.name);
    const files = entry.isDirectory() ? (await readdir(at)).sort().map((name) => path.join(at, name)) : [at];
    for (const file of files) texts.push((await readFile(file, 'utf8')).trim());
  }
  return texts;
}
