/**
 * Makes a fresh clone ready: packages, a browser, the built programs. Runs on whatever Node npm runs on (20 or newer), so it is plain
 * JavaScript without packages. Doing it again is quick: what is there already is left alone.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureBrowser } from './ensure-browser.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

if (Number(process.versions.node.split('.')[0]) < 20) {
  fail(
    `Playfleet needs Node 20 or newer; this is ${process.version}. Get a newer one from https://nodejs.org and try again.`,
  );
}
installPackages();
ensureBrowser(root, say, fail);
build();

/** `npm ci`, unless the packages of this very lock file are there. */
function installPackages() {
  const stamp = path.join(root, 'node_modules', '.playfleet-lock');
  const lock = createHash('sha256')
    .update(readFileSync(path.join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  say('Installing packages (once, about half a minute) …');
  const done = spawnSync(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (done.status !== 0)
    fail('The packages could not be installed; npm says why above. Mend that and run the same command again.');
  writeFileSync(stamp, lock);
}

/** Through npm, because that finds the pinned Node among the packages. */
function build() {
  const done = spawnSync(npm, ['run', '--silent', 'build'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (done.status !== 0) fail('The programs could not be built; see above.');
}

function say(text) {
  process.stderr.write(`${text}\n`);
}

function fail(text) {
  say(text);
  process.exit(2);
}
