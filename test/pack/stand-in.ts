/** A folder that looks like an Electron distribution for Linux to electron-builder, for machines that cannot fetch the real one. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** What it prints and ends with, so that nobody takes it for the app. */
export const STAND_IN_SAYS = 'This is a stand-in for Electron: it shows how Playfleet is packed, and runs nothing.';

/** What Electron's own binaries have in them: the mark, the version of the wire, how many fuses there are, and each as it comes. */
const MARK = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX';
const VERSION = 1;
const AS_THEY_COME = '101100011';

/** Files of a real distribution that packing touches or that licences ask for. */
const FILES: Record<string, string> = {
  LICENSE: 'stand-in\n',
  'LICENSES.chromium.html': '<p>stand-in</p>\n',
  version: 'stand-in\n',
  'chrome-sandbox': 'stand-in\n',
  'locales/en-US.pak': 'stand-in\n',
  'locales/de.pak': 'stand-in\n',
};

/** Paths in the packed app that came from the stand-in, as in the folder of a Linux app. */
export const STAND_IN_FILES = [
  'playfleet-desktop',
  'LICENSE.electron.txt',
  ...Object.keys(FILES).filter((name) => name !== 'LICENSE'),
];

export async function makeStandIn(folder: string): Promise<void> {
  for (const [name, text] of Object.entries(FILES)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
  const wire = Buffer.concat([
    Buffer.from(MARK),
    Buffer.from([VERSION, AS_THEY_COME.length]),
    Buffer.from(AS_THEY_COME),
  ]);
  const program = Buffer.concat([
    Buffer.from(`#!/bin/sh\necho '${STAND_IN_SAYS}' >&2\nexit 70\n# `),
    wire,
    Buffer.from('\n'),
  ]);
  await writeFile(path.join(folder, 'electron'), program, { mode: 0o755 });
}
