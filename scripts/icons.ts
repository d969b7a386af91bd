/**
 * Draws resources/icons/png from the SVG files beside it, with the browser that the tests use: the app's icon in the sizes that systems ask for, and
 * the tray's, in colour and as macOS templates (black with transparency; the system gives them its colour). Run after the drawings have changed.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from '@playwright/test';

const folder = fileURLToPath(new URL('../resources/icons', import.meta.url));
const APP_SIZES = [16, 32, 48, 64, 128, 256, 512, 1024];
const TRAY_SIZES = { '': 16, '@2x': 32 };
/** On panels of any shade: the dashboard's colours of these states, in between light and dark. */
const COLOURS = { idle: '#7d8a97', busy: '#2f8fe6', paused: '#7d8a97', offline: '#a0662c', attention: '#d9822b' };

async function draw(page: Page, svg: string, size: number, name: string): Promise<void> {
  await page.setViewportSize({ width: size, height: size });
  const whole = svg.replace('<svg ', `<svg width="${size}" height="${size}" `);
  await page.setContent(`<style>html, body { margin: 0; background: none } svg { display: block }</style>${whole}`);
  await writeFile(path.join(folder, 'png', name), await page.screenshot({ omitBackground: true }));
}

/** The drawing of one state alone. */
const only = (svg: string, state: string, colour: string): string =>
  svg.replace('</style>', `g { display: none } #${state} { display: inline; color: ${colour} }</style>`);

await mkdir(path.join(folder, 'png'), { recursive: true });
const [app, tray] = await Promise.all(['app.svg', 'tray.svg'].map((name) => readFile(path.join(folder, name), 'utf8')));
const executablePath = process.argv[2];
const browser = await chromium.launch({ ...(executablePath ? { executablePath } : {}), args: ['--no-sandbox'] });
try {
  const page = await browser.newPage();
  for (const size of APP_SIZES) await draw(page, app!, size, `app-${size}.png`);
  for (const [state, colour] of Object.entries(COLOURS)) {
    for (const [scale, size] of Object.entries(TRAY_SIZES)) {
      await draw(page, only(tray!, state, colour), size, `tray-${state}${scale}.png`);
      await draw(page, only(tray!, state, '#000000'), size, `${state}Template${scale}.png`);
    }
  }
} finally {
  await browser.close();
}
