/** Prints the packages, with versions, that an app for both processors of macOS needs and that this machine has not installed. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { root } from '../programs.ts';
import { runtimePackages } from './runtime-packages.ts';
import { nameOf, readLock } from './shipped.ts';

const { packages } = await readLock();
const needed = runtimePackages(packages, { platform: 'darwin', arch: 'arm64' });
const missing = needed.filter((at) => !existsSync(path.join(root, at)));
console.log(missing.map((at) => `${nameOf(at)}@${packages[at]!.version}`).join(' '));
