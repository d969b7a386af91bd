/**
 * A Chromium for the sample suite and the tests: Playwright's own if it is there; else the system's; else Playwright's is fetched; where that
 * cannot be reached, the system's package manager installs one, if this user may.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

/** Where systems keep Chromium and Chrome. */
const SYSTEM_BROWSERS = {
  linux: [
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    '/usr/bin/google-chrome-stable',
    '/snap/bin/chromium',
  ],
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
  ],
  win32: [],
};
const FETCH_TIMEOUT_MS = 300_000;
const INSTALL_TIMEOUT_MS = 600_000;

export function ensureBrowser(root, say, fail) {
  if (hasOwnBrowser(root) || hasSystemBrowser()) return;
  say("Fetching Playwright's Chromium (once, about 150 MB) …");
  const fetched = runPlaywright(root, ['install', 'chromium'], FETCH_TIMEOUT_MS);
  if (fetched.status === 0 && hasOwnBrowser(root)) return;
  say("Playwright's Chromium cannot be fetched here; installing the system's …");
  if (installFromSystem(say) && hasSystemBrowser()) return;
  fail(
    [
      'There is no Chromium for the tests, and it could be neither fetched nor installed. One of these mends it:',
      '  npx playwright install chromium          (needs the internet)',
      '  sudo apt-get install chromium ffmpeg     (Debian, Ubuntu; other systems likewise)',
      String(fetched.stderr ?? '')
        .trim()
        .split('\n')
        .slice(-3)
        .join('\n'),
    ].join('\n'),
  );
}

function hasSystemBrowser() {
  return (SYSTEM_BROWSERS[process.platform] ?? []).some((file) => existsSync(file));
}

/** Playwright knows where its browser would be. */
function hasOwnBrowser(root) {
  const asked = spawnSync(
    process.execPath,
    ['-e', "process.stdout.write(require('playwright-core').chromium.executablePath())"],
    { cwd: root, encoding: 'utf8' },
  );
  return asked.status === 0 && existsSync(asked.stdout.trim());
}

function runPlaywright(root, args, timeout) {
  const cli = path.join(root, 'node_modules', 'playwright', 'cli.js');
  return spawnSync(process.execPath, [cli, ...args], { cwd: root, encoding: 'utf8', timeout });
}

/** Debian's and Ubuntu's package manager: as root, or by sudo where that asks for no password. */
function installFromSystem(say) {
  if (process.platform !== 'linux' || !existsSync('/usr/bin/apt-get')) return false;
  const asRoot = process.getuid?.() === 0;
  if (!asRoot && spawnSync('sudo', ['-n', 'true']).status !== 0) {
    say('This user may not install packages.');
    return false;
  }
  const apt = (...args) => {
    const command = asRoot ? ['apt-get', ...args] : ['sudo', '-n', 'apt-get', ...args];
    const [program, ...rest] = command;
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    return (
      spawnSync(program, rest, { stdio: ['ignore', 'ignore', 'inherit'], timeout: INSTALL_TIMEOUT_MS, env }).status ===
      0
    );
  };
  // ffmpeg records the videos where Playwright's own cannot be fetched either.
  return apt('update', '-qq') && apt('install', '-y', '-qq', '--no-install-recommends', 'chromium', 'ffmpeg');
}
