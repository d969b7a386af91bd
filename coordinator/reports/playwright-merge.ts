/** Runs Playwright's own `merge-reports` over a folded blob, in a process that can read and write nothing else. */
import { spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Readable } from 'node:stream';

export interface MergeRun {
  /** 0 = every reporter wrote its file. */
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** The last of what it printed, both streams. */
  output: string;
  /** 0 where the process was killed before it could tell, as is `cpuMs`. */
  peakRssBytes: number;
  cpuMs: number;
}

const OUTPUT_KEPT = 16 * 1024;
/** When it ends, the process tells what it used on file descriptor 3. */
const TELL_USAGE = `import{writeSync}from"node:fs";process.on("exit",()=>writeSync(3,JSON.stringify(process.resourceUsage())))`;

export const usage = ({
  maxRSS,
  userCPUTime,
  systemCPUTime,
}: NodeJS.ResourceUsage): { peakRssBytes: number; cpuMs: number } => ({
  peakRssBytes: maxRSS * 1024,
  cpuMs: Math.round((userCPUTime + systemCPUTime) / 1000),
});

/**
 * `workDir` holds `folded/` with the blob, and `out/`, which receives `html/`, `report.json` and `report.xml`.
 *
 * Events name source files for code frames, and they come from whoever ran the tests: without the permission model a blob could have the
 * coordinator's own files copied into a report.
 */
export async function runPlaywrightMerge(
  workDir: string,
  options: { title: string; memoryMb: number; signal: AbortSignal },
): Promise<MergeRun> {
  const foldedDir = path.join(workDir, 'folded');
  const outDir = path.join(workDir, 'out');
  const packages = playwrightPackages();
  // Playwright looks for the nearest package.json of its working folder; here the search ends.
  await writeFile(path.join(foldedDir, 'package.json'), '{}');
  // One folder for both: of two allowed folders of which one's name begins with the other's, Node denies the shorter one itself.
  const readable = [...packages, ...WSL_PROBES, workDir].map((folder) => `--allow-fs-read=${folder}`);
  const child = spawn(
    process.execPath,
    [
      `--max-old-space-size=${options.memoryMb}`,
      '--permission',
      ...readable,
      `--allow-fs-write=${workDir}`,
      `--import=data:text/javascript,${encodeURIComponent(TELL_USAGE)}`,
      path.join(packages[0], 'cli.js'),
      'merge-reports',
      '--reporter=html,json,junit',
      foldedDir,
    ],
    {
      cwd: foldedDir,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      signal: options.signal,
      killSignal: 'SIGKILL',
      env: {
        CI: '1',
        PLAYWRIGHT_HTML_OPEN: 'never',
        PLAYWRIGHT_HTML_TITLE: options.title,
        PLAYWRIGHT_HTML_OUTPUT_DIR: path.join(outDir, 'html'),
        PLAYWRIGHT_JSON_OUTPUT_FILE: path.join(outDir, 'report.json'),
        PLAYWRIGHT_JUNIT_OUTPUT_FILE: path.join(outDir, 'report.xml'),
        PLAYWRIGHT_JUNIT_SUITE_NAME: options.title,
      },
    },
  );
  let output = '';
  let told = '';
  const keep = (chunk: Buffer): void => void (output = (output + chunk.toString()).slice(-OUTPUT_KEPT));
  child.stdout!.on('data', keep);
  child.stderr!.on('data', keep);
  (child.stdio[3] as Readable).on('data', (chunk: Buffer) => (told += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode, signal) => {
      const used = told === '' ? { peakRssBytes: 0, cpuMs: 0 } : usage(JSON.parse(told) as NodeJS.ResourceUsage);
      resolve({ exitCode, signal, output, ...used });
    });
  });
}

/** Files that Playwright asks for while it loads on Linux, to tell Windows' subsystem apart. */
const WSL_PROBES = ['/proc/sys/fs/binfmt_misc/WSLInterop', '/run/WSL'];

/** Folders of @playwright/test, playwright and playwright-core, however the package manager laid them out. */
function playwrightPackages(): [string, string, string] {
  const here = createRequire(import.meta.url);
  const test = here.resolve('@playwright/test/package.json');
  const playwright = createRequire(test).resolve('playwright/package.json');
  const core = createRequire(playwright).resolve('playwright-core/package.json');
  const [testDir, playwrightDir, coreDir] = [test, playwright, core].map((file) =>
    realpathSync(path.dirname(file)),
  ) as [string, string, string];
  return [testDir, playwrightDir, coreDir];
}
