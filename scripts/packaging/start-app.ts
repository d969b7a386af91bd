/**
 * `npm run script -- scripts/packaging/start-app.ts PROGRAM`: starts an installed desktop app with a data folder of its own, waits until its
 * window shows a page of ours, and ends it. What the window shows is asked by Chromium's own debugging port.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort, stop } from '../programs.ts';

const PAGE = 'app://playfleet/';
const WITHIN_MS = 90_000;

/** Resolves with the address of the page. @throws Error where the app ends, or shows none in time. */
export async function startApp(command: readonly [string, ...string[]], withinMs = WITHIN_MS): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'playfleet-app-'));
  const port = await freePort(null);
  const [program, ...before] = command;
  const app = spawn(program, [...before, `--remote-debugging-port=${port}`, `--user-data-dir=${folder}`], {
    stdio: 'inherit',
    env: { ...process.env, PLAYFLEET_DESKTOP_DATA: folder },
  });
  try {
    return await Promise.race([shown(port, withinMs), endedEarly(app)]);
  } finally {
    await stop(app);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function shown(port: number, withinMs: number): Promise<string> {
  for (const end = performance.now() + withinMs; performance.now() < end; await pause(250)) {
    const answer = await fetch(`http://127.0.0.1:${port}/json/list`).catch(() => null);
    const pages = answer?.ok === true ? ((await answer.json()) as { url: string }[]) : [];
    const ours = pages.find(({ url }) => url.startsWith(PAGE));
    if (ours) return ours.url;
  }
  throw new Error(`no window showed a page of ${PAGE} within ${withinMs / 1000} s`);
}

function endedEarly(app: ChildProcess): Promise<never> {
  return new Promise((_, reject) => {
    app.once('error', reject);
    app.once('close', (code, signal) =>
      reject(new Error(`the app ended with ${code ?? signal} before it showed a page`)),
    );
  });
}

if (import.meta.main) {
  const [program, ...before] = process.argv.slice(2);
  if (program === undefined) throw new Error('say which app, such as /opt/Playfleet/playfleet-desktop');
  console.log(`shows ${await startApp([program, ...before])}`);
  process.exit(0);
}
