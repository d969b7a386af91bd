/** The licences of all that a package is made of: what ships beside the bundles, what is in them, and what the dashboard is built with. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Locked } from './runtime-packages.ts';

interface LockedLicence extends Locked {
  license?: string;
  dev?: boolean;
}

const IMPORT = /(?:from|import)\s*\(?\s*'((?:@[^/']+\/)?[a-z][^/']*)/g;
const LEGAL = /^(licen[cs]e|notice|copying|thirdpartynotices)/i;
const RULE = '-'.repeat(80);

/** One text with a part for each package, by name. Packages without a licence file are named with the licence that they declare. */
export async function makeNotices(root: string): Promise<string> {
  const { packages } = JSON.parse(await readFile(path.join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, LockedLicence>;
  };
  const shipped = Object.keys(packages).filter((at) => at !== '' && packages[at]!.dev !== true);
  const drawn = new Set<string>();
  for (const name of await importsOf(path.join(root, 'src-renderer'))) collect(packages, name, drawn);
  const parts: string[] = [];
  for (const at of [...new Set([...shipped, ...drawn])].sort()) {
    const name = at.slice(at.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const { version = '', license = 'no licence declared' } = packages[at]!;
    const texts = await legalTexts(path.join(root, at));
    // Not installed here: a native part for another system.
    if (texts === null) continue;
    parts.push([RULE, `${name} ${version} (${license})`, RULE, ...texts].join('\n\n'));
  }
  return `Playfleet contains the following packages.\n\n${parts.join('\n\n')}\n`;
}

/** Names of the packages that the sources below `folder` import. */
async function importsOf(folder: string): Promise<Set<string>> {
  const names = new Set<string>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.tsx?$/.test(entry.name)) continue;
    const text = await readFile(path.join(entry.parentPath, entry.name), 'utf8');
    for (const [, name = ''] of text.matchAll(IMPORT)) names.add(name);
  }
  return names;
}

/** The top-level package and all that it depends on. */
function collect(packages: Record<string, LockedLicence>, name: string, found: Set<string>): void {
  const at = `node_modules/${name}`;
  if (found.has(at) || !packages[at]) return;
  found.add(at);
  for (const next of Object.keys(packages[at].dependencies ?? {})) collect(packages, next, found);
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
