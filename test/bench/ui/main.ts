/**
 * The dashboard in Chromium (software rendering) against a real coordinator: a run of 10,000 tests of which 5,000 have ended while 500 events a
 * second come, a list of 10,000 runs, the memory of a tab that is left open (`--minutes N`, 10 where left out), what 200 open dashboards cost
 * the coordinator, and how much JavaScript the first page loads. Playwright's own HTML report of that run is measured in the same way.
 */
import { chromium, type Browser, type BrowserContext } from '@playwright/test';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { api, Programs, root, type Coordinator } from '../../../scripts/programs.ts';
import { cpuSeconds, openDashboards, signIn } from './clients.ts';
import { Chatter } from './events.ts';
import { firstLoadJs } from './first-load.ts';
import { filterMs, heapMb, opened, scrollFps } from './page.ts';

const TESTS = 10_000;
const RUNS = 10_000;
const EVENTS_PER_S = 500;
const DASHBOARDS = 200;
const COST_MS = 20_000;
/** Parts of titles: each leaves another number of tests, between fifty and some thousands. */
const FILTERS = ['-1', '-19', '1-1', '7', '-5', '3-', '-150'];
const AIM = {
  first_content_ms: 1_000,
  interactive_ms: 2_000,
  scroll_fps: 50,
  filter_ms: 50,
  heap_mb: 150,
  runs_list_ms: 1_000,
  dashboards_core_percent: 15,
  first_load_kb: 200,
};

const given = process.argv.indexOf('--minutes');
const minutes = given < 0 ? 10 : Number(process.argv[given + 1]);
if (!Number.isFinite(minutes) || minutes < 0) throw new Error('--minutes takes a number of minutes, 0 or more');

const folder = await mkdtemp(path.join(os.tmpdir(), 'playfleet-ui-'));
const programs = new Programs();
let browser: Browser | null = null;
try {
  const coordinator = await programs.startCoordinator(path.join(folder, 'data'));
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  await signIn(coordinator, context);

  const runsListMs = await listOfRuns(coordinator, context);
  const chatter = await Chatter.start(coordinator, TESTS);
  await chatter.finish(TESTS / 2);
  const runPage = `${coordinator.url}/runs/${chatter.runNumber}`;

  chatter.talk(EVENTS_PER_S);
  const page = await context.newPage();
  const dashboard = await opened(page, runPage, 'main [role=row] a');
  const scroll_fps = await scrollFps(page);
  const filter_ms = await filterMs(page, FILTERS);
  say(`A run of ${TESTS} tests while ${EVENTS_PER_S} events a second come`, {
    'first content (ms)': dashboard.firstContentMs,
    'interactive (ms)': dashboard.interactiveMs,
    'scrolling (frames/s)': scroll_fps,
    'filter (ms)': filter_ms,
    [`list of ${RUNS} runs (ms)`]: runsListMs,
  });
  const heap_mb = await leftOpen();
  await page.close();

  const alone = await coreShare(coordinator, 0);
  const shared = await coreShare(coordinator, DASHBOARDS);
  const dashboards_core_percent = Math.round((shared - alone) * 1000) / 10;
  say(`${DASHBOARDS} open dashboards`, { 'share of a core (%)': dashboards_core_percent });
  const sent = chatter.eventsPerSecond;
  chatter.quiet();

  await chatter.finish(TESTS);
  const report = await htmlReport(coordinator, context, chatter.runId);
  const first_load_kb = await firstLoadJs(path.join(root, 'dist/dashboard'));
  const ratio = (ours: number, theirs: number) => Math.round((ours / theirs) * 100) / 100;
  const figures = {
    events_per_s: sent,
    first_content_ms: dashboard.firstContentMs,
    interactive_ms: dashboard.interactiveMs,
    scroll_fps,
    filter_ms,
    heap_mb,
    heap_minutes: minutes,
    runs_list_ms: runsListMs,
    dashboards_core_percent,
    first_load_kb,
    html_report: {
      ...report,
      first_content_ratio: ratio(dashboard.firstContentMs, report.first_content_ms),
      interactive_ratio: ratio(dashboard.interactiveMs, report.interactive_ms),
    },
  };
  say("Playwright's HTML report of the same run, at rest", report);
  say('JavaScript of the first page', { 'kB, gzipped': first_load_kb });
  const holds =
    figures.first_content_ms <= AIM.first_content_ms &&
    figures.interactive_ms <= AIM.interactive_ms &&
    figures.scroll_fps >= AIM.scroll_fps &&
    figures.filter_ms <= AIM.filter_ms &&
    minutes >= 10 &&
    figures.heap_mb <= AIM.heap_mb &&
    figures.runs_list_ms <= AIM.runs_list_ms &&
    figures.dashboards_core_percent <= AIM.dashboards_core_percent &&
    figures.first_load_kb <= AIM.first_load_kb;
  console.log(JSON.stringify({ ...figures, aim: AIM, holds }));
  process.exitCode = holds ? 0 : 1;

  async function leftOpen(): Promise<number> {
    await new Promise((resolve) => setTimeout(resolve, minutes * 60_000));
    const mb = await heapMb(page);
    say(`Left open for ${minutes} minutes`, { 'heap after collection (MB)': mb });
    return mb;
  }
} finally {
  await browser?.close();
  await programs.stopAll();
  await rm(folder, { recursive: true, force: true });
}

function say(what: string, figures: Record<string, number>): void {
  console.log(what);
  for (const [name, value] of Object.entries(figures)) console.log(`  ${name.padEnd(30)} ${value}`);
}

/** Milliseconds until the first of 10,000 runs are shown. They are planned for later, so that nothing else happens. */
async function listOfRuns(coordinator: Coordinator, context: BrowserContext): Promise<number> {
  const scheduled_for = new Date(Date.now() + 365 * 86_400_000).toISOString();
  const makers = Array.from({ length: 16 }, async (_, part) => {
    for (let i = part; i < RUNS; i += 16)
      await api(coordinator, 'POST', '/test-runs/create', { name: `nightly ${i}`, scheduled_for });
  });
  await Promise.all(makers);
  const page = await context.newPage();
  const { interactiveMs } = await opened(page, `${coordinator.url}/runs`, 'table tbody tr');
  await page.close();
  return interactiveMs;
}

/** Cores that the coordinator uses while `count` dashboards follow everything. */
async function coreShare(coordinator: Coordinator, count: number): Promise<number> {
  const close = await openDashboards(coordinator, count);
  // That they were opened is no part of what open ones cost, nor is the compiling of code that they are the first to use.
  await new Promise((resolve) => setTimeout(resolve, COST_MS));
  const before = await cpuSeconds(coordinator);
  const began = performance.now();
  await new Promise((resolve) => setTimeout(resolve, COST_MS));
  const used = (await cpuSeconds(coordinator)) - before;
  close();
  return used / ((performance.now() - began) / 1000);
}

/** Its tests are behind the heads of their files; those are what it shows first. */
async function htmlReport(coordinator: Coordinator, context: BrowserContext, runId: string) {
  const run = () =>
    api<{ report: { state: string; message: string | null }; links: { report: string } }>(
      coordinator,
      'GET',
      `/test-runs/${runId}`,
    );
  let found = await run();
  while (found.report.state === 'none' || found.report.state === 'merging') {
    await new Promise((resolve) => setTimeout(resolve, 250));
    found = await run();
  }
  if (found.report.state !== 'ready') throw new Error(`there is no report: ${found.report.message}`);
  const page = await context.newPage();
  const { firstContentMs, interactiveMs } = await opened(page, coordinator.url + found.links.report, '.chip-header');
  await page.close();
  return { first_content_ms: firstContentMs, interactive_ms: interactiveMs };
}
