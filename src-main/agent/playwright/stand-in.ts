import type { ProbeResult } from './browser-probe.ts';
import type { BrowserOptions } from './browsers.ts';
import { firstLine, missingPath, probeBrowsers } from './probe-browsers.ts';
import {
  linkInstalled,
  runnable,
  systemPrograms,
  wrappersIn,
  writeChromiumWrapper,
  writeWrapper,
} from './system-browser.ts';

/**
 * Lets the system's Chromium serve from the folder `registry`, beside what Playwright has in `installed`. A string says why none can.
 * Files that are there already are replaced one by one: tests may be running from them.
 */
export async function standIn(
  options: BrowserOptions,
  registry: string,
  installed: string | null,
): Promise<ProbeResult | string> {
  const { chromium } = systemPrograms(process.platform);
  if (chromium.length === 0) return 'on this system no installed browser can stand in';
  const candidates = await runnable(chromium);
  if (candidates.length === 0) return `no Chromium or Chrome is installed (${chromium.join(', ')})`;
  if (installed !== null) await linkInstalled(installed, registry, /^chromium/);
  let failure = '';
  for (const candidate of candidates) {
    const result = await tryCandidate(options, registry, candidate);
    if (result.ok) return result;
    failure = result.error;
  }
  return `${candidates.join(', ')} did not work: ${firstLine(failure)}`;
}

/** Where a version looks for its programs is in no document: the errors of launching tell, one place at a time. */
async function tryCandidate(options: BrowserOptions, registry: string, candidate: string): Promise<ProbeResult> {
  const env = { ...options.env, PLAYWRIGHT_BROWSERS_PATH: registry };
  const [ffmpeg] = await runnable(systemPrograms(process.platform).ffmpeg);
  for (const place of await wrappersIn(registry, /^chromium/)) await writeChromiumWrapper(place, candidate);
  let filled = '';
  for (;;) {
    const result = (await probeBrowsers(options, ['chromium'], env)).chromium;
    if (!result) throw new Error('the probe did not try chromium');
    const place = missingPath(result.ok ? result.videoError : result.error);
    if (place === null || place === filled || !place.startsWith(registry)) return result;
    if (result.ok) {
      if (ffmpeg === undefined) return result;
      await writeWrapper(place, ffmpeg);
    } else {
      await writeChromiumWrapper(place, candidate);
      // The one with a window, which nobody may be there to open now.
      await writeChromiumWrapper(result.executable, candidate);
    }
    filled = place;
  }
}
