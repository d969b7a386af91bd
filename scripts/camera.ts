/** Takes pictures of pages, dark and light, on a desktop and a phone, as small files. */
import type { Browser, BrowserContextOptions, Page } from '@playwright/test';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

const QUALITY = 0.8;
const SIZES = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } } as const;
/** Of the browser's own settings; the dashboard follows them. */
const SCHEMES = ['dark', 'light'] as const;

export interface Scene {
  /** What the files are called by. */
  name: string;
  /** Whole. */
  url: string;
  /** As who, and how, the page is opened. */
  options: BrowserContextOptions;
  /** Before the page is loaded. */
  before?: (page: Page) => Promise<void>;
  /** When it is: what is shown is brought about. */
  act?: (page: Page) => Promise<void>;
}

export class Camera {
  readonly #browser: Browser;
  readonly #folder: string;
  /** Makes small files of large ones. */
  readonly #darkroom: Page;

  readonly #taken = new Set<string>();

  static async open(browser: Browser, folder: string): Promise<Camera> {
    await mkdir(folder, { recursive: true });
    return new Camera(browser, folder, await (await browser.newContext()).newPage());
  }

  private constructor(browser: Browser, folder: string, darkroom: Page) {
    this.#browser = browser;
    this.#folder = folder;
    this.#darkroom = darkroom;
  }

  async take({ name, url, options, before, act }: Scene): Promise<void> {
    for (const [size, viewport] of Object.entries(SIZES)) {
      for (const colorScheme of SCHEMES) {
        const touch = { isMobile: size === 'phone', hasTouch: size === 'phone' };
        const how = { viewport, colorScheme, locale: 'en-GB', reducedMotion: 'reduce' as const, ...touch };
        const context = await this.#browser.newContext({ ...options, ...how });
        const page = await context.newPage();
        await before?.(page);
        await page.goto(url);
        await settled(page);
        await act?.(page);
        const file = `${name}-${size}-${colorScheme}.webp`;
        await writeFile(path.join(this.#folder, file), await toWebp(this.#darkroom, await page.screenshot()));
        this.#taken.add(file);
        await context.close();
      }
    }
  }

  /** Pictures of pages that are not there any more go. */
  async removeOthers(): Promise<void> {
    for (const file of await readdir(this.#folder))
      if (!this.#taken.has(file)) await rm(path.join(this.#folder, file), { recursive: true });
  }

  async figures(): Promise<{ pictures: number; bytes: number }> {
    const files = await readdir(this.#folder);
    const sizes = await Promise.all(files.map(async (file) => (await stat(path.join(this.#folder, file))).size));
    return { pictures: files.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
  }
}

/** Nothing is being loaded any more. */
async function settled(page: Page): Promise<void> {
  await page.locator('main h1').first().waitFor();
  // What has come may bring more that is to be loaded.
  for (let quiet = 0; quiet < 3; quiet++) {
    await page.locator('main [aria-busy=true]').first().waitFor({ state: 'detached' });
    await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))');
  }
  await page.evaluate('document.fonts.ready.then(() => null)');
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))');
}

/** A third of a PNG's size. Chromium itself makes it: `page` is any page. */
async function toWebp(page: Page, png: Buffer): Promise<Buffer> {
  const script = `(async () => {
    const image = await createImageBitmap(await (await fetch('data:image/png;base64,${png.toString('base64')}')).blob());
    const canvas = new OffscreenCanvas(image.width, image.height);
    canvas.getContext('2d').drawImage(image, 0, 0);
    const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/webp', quality: ${QUALITY} })).arrayBuffer());
    let text = '';
    for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
    return btoa(text);
  })()`;
  return Buffer.from(await page.evaluate<string>(script), 'base64');
}
