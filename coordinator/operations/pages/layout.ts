/** What our few pages share: one style, and a policy that lets nothing run but what we wrote. */
import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import { html, raw } from 'hono/html';
import type { AppEnv } from '../../http/env.ts';

/** Anything that `html` takes as a value. */
export type Html = ReturnType<typeof html>;

export interface Page {
  title: string;
  body: Html;
  /** Further CSS. */
  style?: string;
  /** JavaScript, run at the end of the body. */
  script?: string;
  status?: 200 | 503;
}

const STYLE = `
:root { color-scheme: light dark; --bg: #fff; --soft: #f6f7f8; --text: #1d2125; --muted: #656d76; --line: #dfe3e7; --link: #0a58ca;
  --passed: #177533; --failed: #c62a35; --flaky: #8a5a00; --running: #0a63c2; --skipped: #656d76; }
@media (prefers-color-scheme: dark) { :root { --bg: #111418; --soft: #181c21; --text: #dfe3e8; --muted: #98a1ab; --line: #2a3038;
  --link: #6ea8fe; --passed: #4ac26b; --failed: #ff7b80; --flaky: #d4a72c; --running: #6cb1ff; --skipped: #98a1ab; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--text); font: 13px/1.5 system-ui, 'Segoe UI', sans-serif; font-variant-numeric: tabular-nums; }
header { display: flex; gap: 20px; align-items: baseline; padding: 10px 20px; border-bottom: 1px solid var(--line); }
header strong { font-size: 14px; letter-spacing: -0.01em; } header strong a { color: inherit; }
main { max-width: 1080px; margin: 0 auto; padding: 20px; }
h1 { font-size: 18px; margin: 0 0 12px; letter-spacing: -0.01em; } h2 { font-size: 14px; margin: 28px 0 8px; }
a { color: var(--link); text-decoration: none; } a:hover { text-decoration: underline; }
a:focus-visible, summary:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 3px; }
code, pre { font: 12px/1.5 ui-monospace, 'SF Mono', Menlo, Consolas, monospace; }
pre { background: var(--soft); border: 1px solid var(--line); border-radius: 6px; padding: 10px 12px; overflow-x: auto; margin: 8px 0; }
.muted { color: var(--muted); } .spring { flex: 1; }`;

/** Answers a page. `script` and the styles are allowed by their hashes, everything else is not. */
export function showPage(c: Context<AppEnv>, page: Page): Response | Promise<Response> {
  const style = STYLE + (page.style ?? '');
  const script = page.script ?? '';
  const policy = [
    "default-src 'none'",
    `style-src '${hashOf(style)}'`,
    `script-src ${script === '' ? "'none'" : `'${hashOf(script)}'`}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  c.header('content-security-policy', policy.join('; '));
  c.header('cache-control', 'no-store');
  // Style and script to the letter: their hashes are in the policy.
  return c.html(
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <title>${page.title} · Playfleet</title>
          <link rel="icon" href="data:," />
          ${raw(`<style>${style}</style>`)}
        </head>
        <body>
          <header>
            <strong><a href="/">Playfleet</a></strong
            ><span class="spring"></span> <a href="/account">Account</a> <a href="/api/v1/reference">API reference</a>
          </header>
          <main>${page.body}</main>
          ${raw(script === '' ? '' : `<script>${script}</script>`)}
        </body>
      </html>`,
    page.status ?? 200,
  );
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
