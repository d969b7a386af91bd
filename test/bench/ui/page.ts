/** Measures of a page in Chromium; all times are the page's own, from the start of its navigation. */
import type { Page } from '@playwright/test';

const SCROLL_MS = 3_000;
const SCROLL_STEP_PX = 45;
const LONGEST_MS = 30_000;

export interface Opened {
  firstContentMs: number;
  /** Something of the list is shown, and the page answers: a frame was drawn after it. */
  interactiveMs: number;
}

/** Opens an address, three times after a first one that fills the caches of the coordinator; the median counts. */
export async function opened(page: Page, address: string, listed: string): Promise<Opened> {
  const tries: Opened[] = [];
  for (let i = 0; i < 4; i++) {
    await page.goto(address, { waitUntil: 'commit' });
    const interactiveMs = await page.evaluate(
      ({ selector, longest }) =>
        new Promise<number>((resolve, reject) => {
          const look = () => {
            if (performance.now() > longest) return reject(new Error(`${selector} was not shown within ${longest} ms`));
            if (!document.querySelector(selector)) return requestAnimationFrame(look);
            // A second frame: the first one's work is over, and what was typed or clicked meanwhile has been heard.
            requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
          };
          look();
        }),
      { selector: listed, longest: LONGEST_MS },
    );
    const firstContentMs = await page.evaluate(
      () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? performance.now(),
    );
    if (i > 0) tries.push({ firstContentMs: Math.round(firstContentMs), interactiveMs: Math.round(interactiveMs) });
  }
  return {
    firstContentMs: median(tries.map((each) => each.firstContentMs)),
    interactiveMs: median(tries.map((each) => each.interactiveMs)),
  };
}

/** Frames a second while the page scrolls on by a row and a half each frame. */
export async function scrollFps(page: Page): Promise<number> {
  const fps = await page.evaluate(
    ({ ms, step }) =>
      new Promise<number>((resolve) => {
        const began = performance.now();
        let frames = 0;
        const next = () => {
          frames++;
          window.scrollBy(0, step);
          const passed = performance.now() - began;
          if (passed < ms) requestAnimationFrame(next);
          else resolve((frames / passed) * 1000);
        };
        requestAnimationFrame(next);
      }),
    { ms: SCROLL_MS, step: SCROLL_STEP_PX },
  );
  await page.evaluate(() => window.scrollTo(0, 0));
  return Math.round(fps * 10) / 10;
}

/**
 * Milliseconds from typing each of `texts` into the filter until the page has said how many tests that leaves and drawn them; the median.
 * What each leaves must differ in number from what the one before left: other changes of the page, and here are many, say nothing.
 */
export async function filterMs(page: Page, texts: readonly string[]): Promise<number> {
  const times: number[] = [];
  for (const text of texts) {
    times.push(
      await page.evaluate(
        ({ wanted, longest }) =>
          new Promise<number>((resolve, reject) => {
            const input = document.querySelector<HTMLInputElement>('main [role=search] input');
            const said = () => document.querySelector('main span[role=status]')?.textContent ?? '';
            const before = said();
            if (!input || before === '')
              return reject(new Error('the page has no filter, or does not say what it leaves'));
            const value = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value');
            const began = performance.now();
            const late = setTimeout(() => reject(new Error(`${wanted} left as many as before: ${before}`)), longest);
            const seen = new MutationObserver(() => {
              if (said() === before) return;
              seen.disconnect();
              clearTimeout(late);
              requestAnimationFrame(() => resolve(performance.now() - began));
            });
            seen.observe(document.body, { subtree: true, childList: true, characterData: true });
            value?.set?.call(input, wanted);
            input.dispatchEvent(new Event('input', { bubbles: true }));
          }),
        { wanted: text, longest: LONGEST_MS },
      ),
    );
  }
  await page.locator('main [role=search] input').first().fill('');
  return Math.round(median(times));
}

/** Of JavaScript objects that are still in use. */
export async function heapMb(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return Math.round(usedSize / 2 ** 20);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
