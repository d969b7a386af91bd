/** Opens an HTML report in a real browser, as a reader does. */
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import type { AddressInfo } from 'node:net';
import { chromium } from '@playwright/test';

export interface OpenReport {
  totals(): Promise<Record<string, number>>;
  /** Opens a test's page by its title; resolves to its text. */
  openTest(title: string): Promise<string>;
  /** Width in pixels of the screenshot on the open test's page. */
  openScreenshot(): Promise<number>;
  /** Opens the trace of the open test in the viewer inside the report; resolves to the viewer's text. */
  openTrace(): Promise<string>;
  /** Requests that failed and errors of the page. */
  problems: string[];
  close(): Promise<void>;
}

const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/json',
};

export async function openHtmlReport(folder: string): Promise<OpenReport> {
  const server = createServer((request, response) => {
    const name = decodeURIComponent(new URL(request.url ?? '/', 'http://report').pathname);
    const file = path.join(folder, name.endsWith('/') ? `${name}index.html` : name);
    const stream = createReadStream(file);
    stream.once('error', () => response.writeHead(404).end());
    stream.once('open', () => {
      response.setHeader('content-type', TYPES[path.extname(file)] ?? 'application/octet-stream');
      stream.pipe(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  const page = await browser.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('response', (response) => {
    if (response.status() >= 400 && !response.url().endsWith('/favicon.ico'))
      problems.push(`${response.status()} ${response.url()}`);
  });
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !url.startsWith('data:') && !url.startsWith('blob:'))
      problems.push(`foreign request ${url}`);
  });
  await page.goto(`${origin}/index.html`);
  return {
    problems,
    async totals() {
      const navigation = page.locator('.subnav-item');
      await navigation.first().waitFor();
      const texts = await navigation.allInnerTexts();
      return Object.fromEntries(
        texts.flatMap((text) => {
          const [, name, count] = /^\s*([A-Za-z]+)\s*(\d+)\s*$/.exec(text) ?? [];
          return name === undefined ? [] : [[name, Number(count)]];
        }),
      );
    },
    async openTest(title) {
      await page.getByText(title, { exact: true }).first().click();
      await page.locator('.test-case-title, .header-title').first().waitFor();
      return page.locator('body').innerText();
    },
    async openScreenshot() {
      const image = page.locator('img.screenshot').first();
      await image.waitFor();
      return image.evaluate((element: { naturalWidth: number }) => element.naturalWidth);
    },
    async openTrace() {
      await page.locator('a[href*="trace/index.html"]').first().click();
      await page.getByText('Set content').first().waitFor();
      return page.locator('body').innerText();
    },
    async close() {
      await browser.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
