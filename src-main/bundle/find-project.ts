/** Finds the Playwright project that a command means, from the folder it was typed in. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { BundleError } from './errors.ts';

export interface Project {
  /** Absolute; where Playwright is started. */
  folder: string;
  /** Absolute path of the config file; null when the project runs on Playwright's defaults. */
  config: string | null;
}

const EXTENSIONS = ['ts', 'js', 'mjs', 'cjs', 'mts', 'cts'];
const CONFIG_NAMES = EXTENSIONS.map((extension) => `playwright.config.${extension}`);

/**
 * The nearest folder, from `cwd` upward, with a Playwright config, or else with a package.json that depends on @playwright/test.
 * `config` is what `--config` was given: a file, or a folder with a config in it, relative to `cwd`. Playwright then still works in `cwd`,
 * unless the config lies elsewhere. Throws BundleError.
 */
export function findProject(cwd: string, config?: string): Project {
  const start = path.resolve(cwd);
  if (!isFolder(start)) throw new BundleError(`${start} is not a folder.`);
  if (config !== undefined) return withConfig(start, path.resolve(start, config));
  const folders = upward(start);
  for (const folder of folders) {
    const file = configIn(folder);
    if (file) return { folder, config: file };
  }
  const folder = folders.find(dependsOnPlaywright);
  if (folder !== undefined) return { folder, config: null };
  throw new BundleError(
    `No Playwright project in ${start} or any folder above it: there is no playwright.config.ts (or .js, .mjs, …) and no package.json that depends on @playwright/test. Change into the project's folder, or name its config with --config.`,
  );
}

function withConfig(start: string, target: string): Project {
  const file = isFolder(target) ? configIn(target) : target;
  if (file === null) throw new BundleError(`There is no playwright.config.ts (or .js, .mjs, …) in ${target}.`);
  if (!existsSync(file)) throw new BundleError(`The config file ${file} does not exist.`);
  const isBelow = upward(path.dirname(file)).includes(start);
  return { folder: isBelow ? start : path.dirname(file), config: file };
}

function configIn(folder: string): string | null {
  const name = CONFIG_NAMES.find((candidate) => existsSync(path.join(folder, candidate)));
  return name === undefined ? null : path.join(folder, name);
}

function dependsOnPlaywright(folder: string): boolean {
  const file = path.join(folder, 'package.json');
  if (!existsSync(file)) return false;
  let json: Record<string, unknown> | null;
  try {
    json = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown> | null;
  } catch (error) {
    throw new BundleError(`${file} is not valid JSON: ${(error as Error).message}`, { cause: error });
  }
  return ['dependencies', 'devDependencies'].some((field) => {
    const names = json?.[field];
    return typeof names === 'object' && names !== null && '@playwright/test' in names;
  });
}

function upward(folder: string): string[] {
  const parent = path.dirname(folder);
  return parent === folder ? [folder] : [folder, ...upward(parent)];
}

function isFolder(candidate: string): boolean {
  return statSync(candidate, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
