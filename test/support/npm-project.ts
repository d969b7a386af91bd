/** Small npm projects that install for real without a network: their packages are tarballs inside them. */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { tempFolder, writeFiles, type Content } from './folders.ts';

/** Environment for a package manager in tests: the machine's npm settings, and nothing else of it. */
export const npmEnv = { PATH: process.env.PATH, HOME: process.env.HOME };

export function npm(folder: string, ...args: string[]): string {
  return execFileSync('npm', args, { cwd: folder, env: npmEnv, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** A tarball of a package with these files, as bytes for `writeFiles`' folder; returns its file name. */
export function packPackage(
  into: string,
  name: string,
  version: string,
  files: Record<string, Content>,
  more: object = {},
): string {
  const folder = tempFolder();
  writeFiles(folder, { 'package.json': JSON.stringify({ name, version, ...more }), ...files });
  const packed = JSON.parse(npm(folder, 'pack', '--json', '--pack-destination', into)) as { filename: string }[];
  return path.basename(packed[0]!.filename.replaceAll('/', '-').replace('@', ''));
}

/** Stands in for Playwright where only its place matters. */
export function packPlaywright(into: string): string {
  return packPackage(into, '@playwright/test', '1.65.1', { 'cli.js': '', 'index.js': 'module.exports = {};' });
}

/** Writes package-lock.json as `npm install` would. */
export function lock(folder: string): void {
  npm(folder, 'install', '--package-lock-only', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts');
}
