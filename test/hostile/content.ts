/**
 * A hostile report, made by a real run and opened in real Chromium by an admin who is signed in: from its attachments, and from Playwright's
 * own report program, as if that had a hole.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import type { Programs } from '../../scripts/programs.ts';
import { makeAdmin, type Person } from '../support/people.ts';
import { must, type Arena, type Attack, type Family, type Target } from './attack.ts';
import {
  CALLS,
  EMBED,
  OTHER_REPORTS,
  POST_MESSAGE,
  REGISTER_WORKERS,
  runIn,
  STORAGE,
  WHO_AM_I,
  WINDOWS,
} from './page-scripts.ts';
import { createRun, reportMade, startWorker, writeSuite } from './runs.ts';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const SPEC = String.raw`import fs from 'node:fs';
import { test, expect } from '@playwright/test';
const script = '<script>globalThis.ran = true; document.title = "ran"<' + '/script>';
const files = [
  ['page', 'html', '<!doctype html><h1>attached</h1>' + script],
  ['drawing', 'svg', '<svg xmlns="http://www.w3.org/2000/svg"><script>globalThis.ran = true</script><text y="20">x</text></svg>'],
  ['list', 'xml', '<?xml version="1.0"?><x:script xmlns:x="http://www.w3.org/1999/xhtml">globalThis.ran = true</x:script>'],
  ['strict', 'xhtml', '<html xmlns="http://www.w3.org/1999/xhtml"><script>globalThis.ran = true</script></html>'],
  ['paper', 'pdf', '%PDF-1.4 ' + script],
  ['photo', 'png', script],
  ['worker', 'js', 'self.addEventListener("fetch", (event) => event.respondWith(new Response("captured")))'],
  ['style', 'css', 'body { display: none }'],
  ['../../../index.html', 'html', script],
  ['trace/sw.bundle.js', 'js', 'self.addEventListener("fetch", (event) => event.respondWith(new Response("captured")))'],
];
test('buys <img src=x onerror="globalThis.ran=true">', async ({ page }, info) => {
  for (const [index, [name, extension, text]] of files.entries()) {
    const file = info.outputPath('file' + index + '.' + extension);
    fs.writeFileSync(file, text);
    await info.attach(name, { path: file });
  }
  await page.setContent('<button>Buy the fern</button><script>globalThis.ran = true</script>');
  await page.getByRole('button').click();
  expect('<script>globalThis.ran = true</script>').toBe('other');
});
`;
const CONFIG = `export default { workers: 1, use: { trace: 'on', screenshot: 'on' } };\n`;

const HAS_RUN = "() => 'ran' in globalThis";
const SET_COOKIE = '(text) => void (document.cookie = text)';

interface Scene {
  target: Target;
  context: BrowserContext;
  admin: Person;
  /** The report, without its last part. */
  base: string;
  /** Addresses of the attachments by name. */
  files: Map<string, string>;
}

export const content =
  (programs: Programs): Family =>
  async (arena) => {
    const scene = await play(arena, programs);
    return [
      ...headers(scene),
      ...attachments(scene),
      ...fromReport(scene),
      ...fromOutside(scene, arena),
      ...stillWorks(scene),
    ];
  };

async function play({ target, folder, after }: Arena, programs: Programs): Promise<Scene> {
  const suite = await writeSuite(path.join(folder, 'report'), { 'buy.spec.js': SPEC, 'playwright.config.js': CONFIG });
  await startWorker(target, programs, {
    name: 'reporter',
    slots: 1,
    dataDir: path.join(folder, 'reporter'),
    suites: [suite],
    projects: ['report'],
  });
  const runId = await createRun(target, suite, { project: 'report' });
  const { report, reason } = await reportMade(target, runId);
  must(report.state === 'ready', `there is no report: ${reason}`);
  const opened = await fetch(`${target.url}/api/v1/test-runs/${runId}/report`, {
    redirect: 'manual',
    headers: { authorization: `Bearer ${target.adminToken}` },
  });
  const base = (opened.headers.get('location') ?? '').replace(/index\.html$/, '');
  const json = await (await target.request('GET', `/api/v1/test-runs/${runId}/report/json`)).text();
  const files = new Map(
    [...json.matchAll(/"name": *"([^"]+)",\s*"contentType": *"[^"]*",\s*"path": *"html\/([^"]+)"/g)].map(
      ([, name, at]) => [name ?? '', base + (at ?? '')],
    ),
  );
  must(files.size >= 10, `only ${files.size} attachments are in the report`);
  const admin = await makeAdmin(target, 'reader@example.com');
  const browser: Browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS });
  after(() => browser.close());
  const context = await browser.newContext();
  const [name = '', value = ''] = admin.cookie.split('=');
  await context.addCookies([{ name, value, url: target.url, httpOnly: true, sameSite: 'Strict' }]);
  return { target, context, admin, base, files };
}

/** Opens an address, tries something in its page, and closes it; the session must have outlived it. */
async function inPage<T>({ context, admin }: Scene, url: string, work: (page: Page) => Promise<T>): Promise<T> {
  const page = await context.newPage();
  try {
    await page.goto(url);
    const result = await work(page);
    must((await admin.ask('GET', '/account')).ok, 'the session has ended');
    return result;
  } finally {
    await page.close();
  }
}

function headers({ base, files, target }: Scene): Attack[] {
  const read = async (url: string) => {
    const { headers: all, status } = await fetch(url);
    must(status === 200, `${url} was answered ${status}`);
    const get = (name: string): string => all.get(name) ?? '';
    must(get('x-content-type-options') === 'nosniff', 'without nosniff');
    must(get('referrer-policy') === 'no-referrer', 'with a referrer');
    must(get('cross-origin-opener-policy') === 'same-origin', 'with an opener');
    must(get('cross-origin-resource-policy') === 'same-site', 'for other sites');
    must(/frame-ancestors 'self'/.test(get('content-security-policy')), 'in frames of others');
    must(all.getSetCookie().length === 0 && get('access-control-allow-origin') === '', 'with cookies or CORS');
    return {
      policy: get('content-security-policy'),
      type: get('content-type'),
      saved: /^attachment/.test(get('content-disposition')),
    };
  };
  const active = ['list', 'strict', 'paper', 'worker', 'style', 'trace/sw.bundle.js'];
  return [
    {
      attack: 'attached files of active types (XML, XHTML, PDF, JavaScript, CSS)',
      run: async () => {
        for (const name of active) {
          const { type, saved } = await read(files.get(name) ?? '');
          must(saved && type === 'application/octet-stream', `${name} is shown as ${type}`);
        }
        return 'application/octet-stream, nosniff, saved instead of shown';
      },
    },
    {
      attack: 'attached pages and pictures with scripts (HTML, SVG, PNG that is HTML)',
      run: async () => {
        for (const name of ['page', 'drawing', 'photo', '../../../index.html']) {
          const { policy } = await read(files.get(name) ?? '');
          must(/^sandbox allow-scripts;/.test(policy), `${name} has ${policy}`);
        }
        return 'CSP sandbox: an origin of their own';
      },
    },
    {
      attack: "an attachment in the place of Playwright's own files (../../../index.html, trace/sw.bundle.js)",
      run: async () => {
        for (const name of ['../../../index.html', 'trace/sw.bundle.js'])
          must(/\/data\/[0-9a-f]{40}\.\w+$/.test(files.get(name) ?? ''), `it lies at ${files.get(name)}`);
        const { policy } = await read(`${base}index.html`);
        must(!policy.includes('sandbox') && /base-uri 'self'/.test(policy), policy);
        return 'attachments lie in data/ under the hash of their bytes, whatever their names are';
      },
    },
    {
      attack: 'errors and unknown files, for their headers',
      run: async () => {
        for (const url of [`${base}nothing.html`, `${target.contentUrl}/c/x/y`, `${target.contentUrl}/`]) {
          const { headers: all } = await fetch(url);
          must(
            all.get('x-content-type-options') === 'nosniff' &&
              /default-src 'none'/.test(all.get('content-security-policy') ?? ''),
            url,
          );
        }
        return "nosniff, default-src 'none'";
      },
    },
  ];
}

function refusedAll(tried: Record<string, string>, but: readonly string[] = []): string {
  const through = Object.entries(tried).filter(([name, how]) => how.startsWith('got') && !but.includes(name));
  must(through.length === 0, through.map((one) => one.join(': ')).join('; '));
  return `blocked: ${Object.keys(tried)
    .filter((name) => !but.includes(name))
    .join(', ')}`;
}

function attachments(scene: Scene): Attack[] {
  const { files, base, target } = scene;
  const page = files.get('page') ?? '';
  const api = target.url;
  return [
    {
      attack:
        'an attached page that calls the API and reads other files of the report (fetch, SSE, WebSocket, image, worker)',
      run: () =>
        inPage(scene, page, async (at) => {
          must((await at.title()) === 'ran', 'the page has no scripts, so nothing was tried');
          return refusedAll(await runIn(at, CALLS, api, `${base}index.html`));
        }),
    },
    {
      attack: 'an attached page that reads or sets cookies and storage of this host',
      run: () => inPage(scene, page, async (at) => refusedAll(await runIn(at, STORAGE))),
    },
    {
      attack: 'an attached page that opens windows, posts forms and looks for an opener',
      run: () =>
        inPage(scene, page, async (at) => {
          const { opener, popup } = await runIn<Record<string, string>>(at, WINDOWS, api);
          must(opener === 'null' && popup === 'null', `opener ${opener}, popup ${popup}`);
          must(at.url() === page, `it went to ${at.url()}`);
          return 'no opener, no popup; the form is not sent';
        }),
    },
    {
      attack: 'an attached picture with a script (SVG), opened by itself',
      run: () =>
        inPage(scene, files.get('drawing') ?? '', async (at) => {
          const { origin, cookie } = await runIn<Record<string, string>>(at, WHO_AM_I);
          must(origin === 'null' && cookie === 'SecurityError', `origin ${origin}, cookie ${cookie}`);
          return 'runs as an origin of its own, which is nothing';
        }),
    },
    {
      attack: 'an attached page that says it is a picture',
      run: () =>
        inPage(scene, files.get('photo') ?? '', async (at) => {
          must(!(await runIn<boolean>(at, HAS_RUN)), 'its script ran');
          return 'image/png, nosniff: no script runs';
        }),
    },
    ...['list', 'strict', 'paper', 'worker'].map((name) => ({
      attack: `an attached ${name} (${files.get(name)?.split('.').at(-1) ?? ''}), opened by itself`,
      run: async () => {
        const at = await scene.context.newPage();
        try {
          const download = at.waitForEvent('download', { timeout: 20_000 });
          await at
            .goto(files.get(name) ?? '')
            .catch((error: Error) => must(/Download is starting/.test(error.message), error.message));
          await download;
          return 'is saved, not shown';
        } finally {
          await at.close();
        }
      },
    })),
  ];
}

function fromReport(scene: Scene): Attack[] {
  const { base, target, files } = scene;
  const report = `${base}index.html`;
  const api = target.url;
  return [
    {
      attack: "calling the API from Playwright's own report, as if it had a hole",
      run: () => inPage(scene, report, async (at) => refusedAll(await runIn(at, CALLS, api, report), ['own'])),
    },
    {
      attack: 'reading the session from there',
      run: () =>
        inPage(scene, report, async (at) => {
          const cookie = await runIn<string>(at, '() => document.cookie');
          must(!cookie.includes('playfleet'), cookie);
          return 'HttpOnly: scripts do not see it';
        }),
    },
    {
      attack: 'putting a second session into the browser from there, for the victim to act as the attacker',
      run: () =>
        inPage(scene, report, async (at) => {
          await runIn(at, SET_COOKIE, `playfleet_session=pfs_${'A'.repeat(43)}; path=/api`);
          const page = await scene.context.newPage();
          const status = (await page.goto(`${api}/api/v1/account`))?.status();
          await page.close();
          await runIn(at, SET_COOKIE, 'playfleet_session=; path=/api; max-age=0');
          must(status === 401, `the dashboard was answered ${status}`);
          return '401: of two sessions none counts';
        }),
    },
    {
      attack: 'a service worker that captures other reports (an attachment, a blob, a wider scope)',
      run: () =>
        inPage(scene, report, async (at) => {
          const viewer = `${base}trace/sw.bundle.js`;
          const tried = await runIn<Record<string, string>>(at, REGISTER_WORKERS, files.get('worker'), viewer);
          return refusedAll(tried);
        }),
    },
    {
      attack: "reading another run's report by a changed address",
      run: () =>
        inPage(scene, report, async (at) => {
          const statuses = await runIn<number[]>(at, OTHER_REPORTS);
          must(
            statuses.every((status) => status === 403 || status === 404),
            statuses.join(),
          );
          return `${statuses.join(', ')}: each report has a signature of its own`;
        }),
    },
    {
      attack: 'speaking to our pages by postMessage, or reaching them through a window',
      run: () =>
        inPage(scene, report, async (at) => {
          const popup = scene.context.waitForEvent('page');
          const seen = await runIn<string>(at, POST_MESSAGE, api);
          const opened = await popup;
          await opened.waitForLoadState();
          const [opener, listens] = [
            await runIn<string>(opened, '() => String(globalThis.opener)'),
            /addEventListener\(.message|onmessage/.test(await opened.content()),
          ];
          const sees = await runIn<number>(at, '() => globalThis.length');
          await opened.close();
          must(seen === 'null' && opener === 'null' && !listens && sees === 0, `opener ${opener}, listens ${listens}`);
          return 'opener policies part the windows, and our pages listen to no messages';
        }),
    },
  ];
}

function fromOutside({ context, target, base, files, admin }: Scene, { after }: Arena): Attack[] {
  const foreign = async (html: string): Promise<string> => {
    const server = createServer((_request, response) => void response.setHeader('content-type', 'text/html').end(html));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    after(() => void server.close().closeAllConnections());
    return `http://foreign.localhost:${(server.address() as AddressInfo).port}/`;
  };
  return [
    {
      attack: 'a foreign site that embeds a report, an attachment, or our pages in a frame',
      run: async () => {
        const framed = [`${base}index.html`, files.get('page') ?? '', `${target.url}/`];
        const page = await context.newPage();
        try {
          await page.goto(await foreign(framed.map((url) => `<iframe src="${url}"></iframe>`).join('')));
          await page.waitForLoadState('networkidle');
          const shown = page.frames().filter((frame) => framed.includes(frame.url()));
          must(shown.length === 0, `${shown.length} were shown`);
          must(page.frames().length > framed.length, 'there are no frames, so nothing was tried');
          return 'frame-ancestors: shown in no frame of others';
        } finally {
          await page.close();
        }
      },
    },
    {
      attack: 'a foreign site that uses files of a report as pictures or scripts',
      run: async () => {
        const page = await context.newPage();
        try {
          await page.goto(await foreign('<h1>foreign</h1>'));
          const urls = [files.get('screenshot'), `${base}trace/sw.bundle.js`];
          const how = await runIn<string[]>(page, EMBED, urls);
          must(
            how.every((one) => one === 'blocked'),
            how.join(),
          );
          return 'cross-origin-resource-policy: same-site';
        } finally {
          await page.close();
        }
      },
    },
    {
      attack: 'a foreign site that posts forms to the API, with the session of who looks at it',
      run: async () => {
        const page = await context.newPage();
        try {
          const action = `${target.url}/api/v1/auth/logout`;
          await page.goto(
            await foreign(`<form method="post" enctype="text/plain" action="${action}"><input name="{}"></form>`),
          );
          await runIn(page, '() => document.forms[0].submit()');
          await page.waitForURL(action);
          must((await admin.ask('GET', '/account')).ok, 'the session has ended');
          return `${(await page.textContent('body'))?.match(/"code":"(\w+)"/)?.[1] ?? 'refused'}; SameSite=Strict keeps the session back`;
        } finally {
          await page.close();
        }
      },
    },
  ];
}

/** What must go on working for all that. */
function stillWorks(scene: Scene): Attack[] {
  return [
    {
      attack: "(no attack) Playwright's HTML report and trace viewer, with this report",
      run: () =>
        inPage(scene, `${scene.base}index.html`, async (page) => {
          const problems: string[] = [];
          page.on('pageerror', (error) => problems.push(error.message));
          await page.getByText('buys <img').first().click();
          await page.locator('img.screenshot').first().waitFor();
          const shown = page.locator('img.screenshot').first();
          const width = await shown.evaluate((image: { naturalWidth: number }) => image.naturalWidth);
          must(width > 0, 'the screenshot is not shown');
          must(!(await runIn<boolean>(page, HAS_RUN)), 'a script of the test ran in the report');
          await page.locator('a[href*="trace/index.html"]').first().click();
          await page.getByText('Set content').first().waitFor();
          await page.getByText('Set content').first().click();
          await page.frameLocator('iframe.snapshot-visible').getByText('Buy the fern').waitFor();
          must(problems.length === 0, problems.join());
          return 'both work: test, screenshot, trace and its snapshots, through its service worker';
        }),
    },
  ];
}
