import path from 'node:path';
import { expect, test } from 'vitest';
import { startApp } from '../../scripts/packaging/start-app.ts';
import { tempFolder, writeFiles } from '../support/folders.ts';

/** A program that answers as Chromium's debugging port does, with these pages. */
function app(pages: string[]): [string, string] {
  const folder = tempFolder();
  const program = `
    const { createServer } = require('node:http');
    const port = /--remote-debugging-port=(\\d+)/.exec(process.argv.join(' '))[1];
    if (!process.argv.some((word) => word === '--user-data-dir=' + process.env.PLAYFLEET_DESKTOP_DATA)) process.exit(3);
    const pages = ${JSON.stringify(pages)}.map((url) => ({ url }));
    createServer((_, response) => response.end(JSON.stringify(pages))).listen(Number(port), '127.0.0.1');`;
  writeFiles(folder, { 'app.cjs': program });
  return [process.execPath, path.join(folder, 'app.cjs')];
}

test('an app has started when its window shows a page of ours, and is ended then', async () => {
  expect(await startApp(app(['devtools://x', 'app://playfleet/setup']))).toBe('app://playfleet/setup');
});

test('an app that shows something else, or ends, has not started', async () => {
  await expect(startApp(app(['chrome-error://chromewebdata/']), 1500)).rejects.toThrow('no window showed a page');
  await expect(startApp([process.execPath, '-e', 'process.exit(7)', '--'])).rejects.toThrow('the app ended with 7');
});
