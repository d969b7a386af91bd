/** Prints the packages, with versions, that an app for both processors of macOS needs and that this machine has not installed. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { root } from '../programs.ts';
import { runtimePackages, type Locked } from './runtime-packages.ts';

const { packages } = JSON.parse(await readFile(path.join(root, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, Locked>;
};
const missing = runtimePackages(packages, { platform: 'darwin', arch: 'arm64' }).filter(
  (at) => !existsSync(path.join(root, at)),
);
console.log(missing.map((at) => `${at.replace(/^.*node_modules\//, '')}@${packages[at]!.version}`).join(' '));
