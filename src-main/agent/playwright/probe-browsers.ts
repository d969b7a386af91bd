import { mkdtemp } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { systemClock } from '../../../shared/base/clock.ts';
import type { BrowserName } from '../../../shared/protocol/work.ts';
import type { ProbeResult } from './browser-probe.ts';
import type { BrowserOptions } from './browsers.ts';
import { bundled } from './bundled.ts';
import { runProgram } from './run-program.ts';

const PROBE_MS = 180_000;

export type Probes = Partial<Record<BrowserName, ProbeResult>>;

/** Launches each browser once through the Playwright at hand. @throws where even that program fails. */
export async function probeBrowsers(
  options: BrowserOptions,
  names: readonly BrowserName[],
  env: Record<string, string>,
): Promise<Probes> {
  const { playwright, node = process.execPath, user, signal, clock = systemClock } = options;
  const tempDir = await mkdtemp(path.join(os.tmpdir(), 'playfleet-probe-'));
  try {
    await user.give(tempDir);
    const end = await runProgram({
      name: 'probe',
      command: node,
      args: [bundled('browser-probe.cjs'), playwright.coreDir, tempDir, ...names],
      cwd: tempDir,
      as: user.as,
      env,
      signal,
      timeoutMs: PROBE_MS,
      clock,
    });
    const line = end.stdout.trim().split('\n').at(-1) ?? '';
    if (line.startsWith('{')) return JSON.parse(line) as Probes;
    throw new Error(
      `browsers of Playwright ${playwright.version} could not be tried: ${end.printed.trim() || `exit code ${end.exitCode}`}`,
    );
  } finally {
    await user.remove(tempDir);
  }
}

/** The path in Playwright's words for a browser or ffmpeg that is not installed, the same since its first versions. */
export function missingPath(error: string): string | null {
  return /Executable doesn't exist at (.+)/.exec(error)?.[1]?.trim() ?? null;
}

/** For a sentence: at most 500 characters. */
export function firstLine(text: string): string {
  return (text.trim().split('\n')[0] ?? '').slice(0, 500);
}
