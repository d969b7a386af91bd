/**
 * `npm run package:headless`: the programs for this system without the desktop app, as out/headless/playfleet-headless-….tar.gz. Apart from
 * the desktop app's packages, because nothing updates it by itself: what is signed for updates must not name it.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { root } from '../programs.ts';
import { stageRuntime, thisMachine } from './stage.ts';

const SYSTEMS = { linux: 'linux', darwin: 'mac', win32: 'win' } as const;

const target = thisMachine();
const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as { version: string };
const folder = path.join(root, 'out/stage/headless');
const archives = path.join(root, 'out/headless');
const archive = path.join(archives, `playfleet-headless-${version}-${SYSTEMS[target.platform]}-${target.arch}.tar.gz`);
await stageRuntime({ to: path.join(folder, 'playfleet'), target, node: process.execPath });
await mkdir(archives, { recursive: true });
// tar is a part of Windows, too.
execFileSync('tar', ['-czf', path.relative(folder, archive), 'playfleet'], { cwd: folder, stdio: 'inherit' });
console.log(path.relative(root, archive));
