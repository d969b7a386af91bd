/**
 * Makes a fresh clone ready: packages, a browser, the built programs. Runs on whatever Node npm runs on (20 or newer), so it is plain
 * JavaScript without packages. Doing it again is quick: what is there already is left alone.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
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

/** `npm ci`, unless the packages of this lock file are there. */
function installPackages() {
  if (installed()) return;
  say('Installing packages (once, about half a minute) …');
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const done = spawnSync(npm, args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
  if (done.status !== 0)
    fail('The packages could not be installed; npm says why above. Mend that and run the same command again.');
}

/** npm keeps a lock file of what it has installed; packages for other platforms are optional and not in it. */
function installed() {
  const hidden = path.join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(hidden)) return false;
  const { packages: wanted } = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
  const { packages: there } = JSON.parse(readFileSync(hidden, 'utf8'));
  return Object.entries(wanted).every(
    ([name, { version, optional }]) => name === '' || optional === true || there[name]?.version === version,
  );
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
