/**
 * A program: launches browsers through the playwright-core of a suite and prints what happened as one line of JSON. Bundled to
 * dist/browser-probe.cjs; runs on the suite's Node. `node browser-probe.cjs <coreDir> <tempDir> <browser>…`
 */
import type { Browser, BrowserType } from '@playwright/test';

export interface ProbeResult {
  ok: boolean;
  version: string;
  /** Where this Playwright expects the browser with a window; the one without may have its own place. */
  executable: string;
  error: string;
  /** Why pages cannot be filmed; '' where they can, or where the browser does not start. */
  videoError: string;
}

const LAUNCH_MS = 60_000;
/** Old versions with new browsers wait for ever here. */
const VIDEO_MS = 20_000;
const CLOSE_MS = 10_000;

async function probe(type: BrowserType, tempDir: string): Promise<ProbeResult> {
  const result: ProbeResult = { ok: false, version: '', executable: type.executablePath(), error: '', videoError: '' };
  try {
    const browser = await type.launch({ timeout: LAUNCH_MS });
    result.version = browser.version();
    const page = await browser.newPage();
    await page.goto('about:blank');
    result.ok = true;
    try {
      await within(VIDEO_MS, film(browser, tempDir));
    } catch (error) {
      result.videoError = (error as Error).message;
    }
    await within(CLOSE_MS, browser.close());
  } catch (error) {
    result.error = (error as Error).message;
  }
  return result;
}

async function film(browser: Browser, dir: string): Promise<void> {
  const context = await browser.newContext({ recordVideo: { dir } });
  await (await context.newPage()).close();
  await context.close();
}

function within<T>(ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`it did not answer within ${ms / 1000} s`)), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

async function main(): Promise<void> {
  const [coreDir = '', tempDir = '', ...names] = process.argv.slice(2);
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- the suite's own copy, known only at run time
  const core = require(coreDir) as Record<string, BrowserType>;
  const results: Record<string, ProbeResult> = {};
  for (const name of names) {
    const type = core[name];
    if (type) results[name] = await probe(type, tempDir);
  }
  // Whatever still hangs must not keep the program.
  process.stdout.write(`\n${JSON.stringify(results)}\n`, () => process.exit(0));
}

// What counts is awaited above. Old versions with new browsers reject promises of their own that nobody waits for.
process.on('unhandledRejection', () => undefined);
void main();
