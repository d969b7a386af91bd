import { access, chmod, constants, lstat, mkdir, readdir, rename, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Where systems keep a Chromium or Chrome, best first. Windows has none: only a program, not a script, could stand in there. */
const CHROMIUM: Partial<Record<NodeJS.Platform, string[]>> = {
  linux: [
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome-stable',
    '/usr/bin/google-chrome',
    '/snap/bin/chromium',
  ],
  darwin: [
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  ],
};

const FFMPEG: Partial<Record<NodeJS.Platform, string[]>> = {
  linux: ['/usr/bin/ffmpeg', '/usr/local/bin/ffmpeg'],
  darwin: ['/opt/homebrew/bin/ffmpeg', '/usr/local/bin/ffmpeg'],
};

/** A desktop's browser minds its own business on the network and with the GPU; under a test it must not. */
const CHROMIUM_FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** All places where a system may keep what stands in for Playwright's own, whether there is anything or not. */
export function systemPrograms(platform: NodeJS.Platform): { chromium: string[]; ffmpeg: string[] } {
  return { chromium: CHROMIUM[platform] ?? [], ffmpeg: FFMPEG[platform] ?? [] };
}

/** Those of `files` that this user may run. */
export async function runnable(files: string[]): Promise<string[]> {
  const may = await Promise.all(
    files.map((file) =>
      access(file, constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return files.filter((_, index) => may[index]);
}

/** Puts a script at `place` that becomes the system's Chromium; to root it refuses its sandbox. */
export async function writeChromiumWrapper(place: string, chromium: string): Promise<void> {
  const isRoot = process.getuid?.() === 0;
  await writeWrapper(place, chromium, isRoot ? ['--no-sandbox', ...CHROMIUM_FLAGS] : CHROMIUM_FLAGS);
}

export async function writeWrapper(place: string, program: string, flags: string[] = []): Promise<void> {
  const words = [program, ...flags].map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ');
  await mkdir(path.dirname(place), { recursive: true });
  await writeFile(`${place}.new`, `#!/bin/sh\nexec ${words} "$@"\n`);
  await chmod(`${place}.new`, 0o755);
  // Another process may be starting the old one just now.
  await rename(`${place}.new`, place);
}

/** Scripts written before, in folders of `registry` whose names match. */
export async function wrappersIn(registry: string, name: RegExp): Promise<string[]> {
  const entries = await readdir(registry, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries
    .filter((entry) => entry.isFile() && name.test(path.relative(registry, entry.parentPath)))
    .map((entry) => path.join(entry.parentPath, entry.name));
  // Playwright leaves notes of its own beside them.
  const modes = await Promise.all(files.map(async (file) => (await stat(file)).mode));
  return files.filter((_, index) => ((modes[index] ?? 0) & 0o111) !== 0);
}

/** Makes what Playwright installed in `registry` visible in `folder` too, but for `except`: Playwright looks into one folder only. */
export async function linkInstalled(registry: string, folder: string, except: RegExp): Promise<void> {
  await mkdir(folder, { recursive: true });
  const installed = await readdir(registry).catch(() => []);
  for (const name of installed.filter((each) => !each.startsWith('.') && !except.test(each))) {
    const link = path.join(folder, name);
    const taken = await lstat(link).catch(() => null);
    if (taken === null) await symlink(path.join(registry, name), link);
  }
}
