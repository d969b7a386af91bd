/**
 * The dashboard as the desktop app shows it, in Chromium: its page comes from the app's own answers to `app://`, and `window.playfleet` is the real
 * preload interface, whose messages a test carries to the app's real IPC handlers. What is doubled is Electron alone.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Readable } from 'node:stream';
import type { Page } from '@playwright/test';
import { build } from 'esbuild';
import type { RunningApp } from '../../desktop/launch-app.ts';

const here = path.dirname(fileURLToPath(import.meta.url));

/** Serves what the app answers at `app://playfleet`, streams as streams. */
export async function serveApp(app: RunningApp): Promise<{ url: string; close: () => void }> {
  const server = createServer((request, response) => {
    void (async () => {
      const { method = 'GET', headers, url = '/' } = request;
      const body = method === 'GET' || method === 'HEAD' ? {} : { body: new Uint8Array(await bytesOf(request)) };
      // Who asks is what Electron would say of this page.
      const answer = await app.electron.request(url, { method, headers: headers as Record<string, string>, ...body });
      response.writeHead(answer.status, Object.fromEntries(answer.headers));
      response.flushHeaders();
      if (answer.body === null) return response.end();
      const stream = Readable.fromWeb(answer.body as never);
      response.once('close', () => stream.destroy());
      stream.on('error', () => response.destroy()).pipe(response);
    })().catch((error: unknown) => response.destroy(error as Error));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

async function bytesOf(request: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
}

/** Puts the preload script's interface into a page, before anything else of it runs. */
export async function preload(page: Page, app: RunningApp): Promise<void> {
  const script = `import { createPreloadApi } from '../../../src-main/desktop/page/preload-api.ts';
    const listening = new Map();
    window.carryTold = (channel, told) => { for (const hear of listening.get(channel) ?? []) hear(told); };
    window.playfleet = createPreloadApi({
      invoke: (channel, argument) => window.carryAsk(channel, argument),
      listen: (channel, hear) => {
        if (!listening.has(channel)) listening.set(channel, new Set());
        listening.get(channel).add(hear);
        return () => void listening.get(channel).delete(hear);
      },
    });`;
  const { outputFiles } = await build({
    stdin: { contents: script, resolveDir: here, loader: 'ts' },
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
  });
  await page.exposeFunction('carryAsk', (channel: string, argument: unknown) => app.electron.invoke(channel, argument));
  await page.addInitScript(outputFiles[0]!.text);
  const tell = (channel: string, told: unknown): void => {
    const carry = ([to, what]: readonly [string, unknown]): void =>
      (globalThis as unknown as { carryTold?: (channel: string, told: unknown) => void }).carryTold?.(to, what);
    // A page that is being left hears nothing any more.
    page.evaluate(carry, [channel, told] as const).catch(() => undefined);
  };
  app.electron.window.webContents.on('sent', tell);
}
