/**
 * What a worker costs its owner while it does nothing: a real coordinator and a real agent that is minded by a parent program, as by the
 * desktop app; idle for half of the time, paused for the other half. Measured from outside over /proc (Linux): processor time, wake-ups,
 * memory, children; and how soon a pause by the user's activity takes effect. `--minutes N` (10).
 */
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { api, makeToken, Programs, type Coordinator } from '../../scripts/programs.ts';
import { POLITE_MANNERS, type Manners } from '../../shared/protocol/desktop/manners.ts';
import { Minded } from '../support/minded.ts';

const AIM = { cpu_percent: 0.2, rss_mb: 90, pause_ms: 2000 };
const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const minutes = Number(values.minutes);
/** Enrolment, browsers and the first garbage are behind it. */
const SETTLE_MS = 15_000;
const PAUSES = 3;
/** Clock ticks of /proc/<pid>/stat per second; 100 on every Linux that Node supports. */
const TICK_MS = 10;
/** As a polite desktop, with a pause where that one would lend less. */
const MANNERS: Manners = { ...POLITE_MANNERS, userActive: { ...POLITE_MANNERS.userActive, mode: 'pause' } };

interface Reading {
  cpuMs: number;
  /** Of all threads: each time that one waited and was woken. */
  wakeUps: number;
  rssMb: number;
  children: number;
}
interface Figures {
  cpu_seconds: number;
  cpu_percent: number;
  wake_ups_per_second: number;
  rss_mb: number;
  most_children: number;
}

if (process.platform !== 'linux' || !(minutes > 0)) {
  const why = process.platform === 'linux' ? '--minutes must be a number above 0' : 'needs /proc: run it on Linux';
  console.log(JSON.stringify({ bench: 'idle', unmeasured: [why], holds: false }));
  process.exit(1);
}
const folder = await mkdtemp(path.join(os.tmpdir(), 'playfleet-idle-'));
const programs = new Programs();
try {
  const coordinator = await programs.startCoordinator(path.join(folder, 'coordinator'));
  const agent = new Minded(await start(coordinator));
  await agent.until(({ state }) => state === 'idle');
  await agent.ask({ type: 'manners', manners: MANNERS });
  // Last used long ago: nothing is paused, and as from a real desktop nothing is asked of the system.
  await agent.ask({
    type: 'facts',
    facts: {
      idleSeconds: 3600,
      onBattery: false,
      batteryPercent: null,
      metered: false,
      fullScreen: false,
      locked: false,
      thermal: 'nominal',
    },
  });
  await pause(SETTLE_MS);
  const idle = await watch(agent.pid, (minutes / 2) * 60_000);
  const pauseMs = await pauses(agent, coordinator);
  await agent.ask({ type: 'pause', until: null });
  await agent.until(({ state }) => state === 'paused');
  await pause(SETTLE_MS);
  const paused = await watch(agent.pid, (minutes / 2) * 60_000);
  const worst = {
    cpu_percent: Math.max(idle.cpu_percent, paused.cpu_percent),
    rss_mb: Math.max(idle.rss_mb, paused.rss_mb),
    pause_ms: Math.max(...pauseMs),
  };
  show('idle', idle);
  show('paused', paused);
  console.log(
    `paused on the coordinator ${pauseMs.join(', ')} ms after the user's activity was known   (aim ≤ ${AIM.pause_ms})`,
  );
  console.log(
    `aims: CPU ≤ ${AIM.cpu_percent} % of a core, RSS ≤ ${AIM.rss_mb} MB. Not measured: energy; macOS and Windows.`,
  );
  const holds = (Object.keys(AIM) as (keyof typeof AIM)[]).every((name) => worst[name] <= AIM[name]);
  const unmeasured = ['energy', 'macOS', 'Windows'];
  console.log(
    JSON.stringify({ bench: 'idle', minutes, idle, paused, pause_ms: pauseMs, worst, aim: AIM, unmeasured, holds }),
  );
  process.exitCode = holds ? 0 : 1;
} finally {
  await programs.stopAll();
  await rm(folder, { recursive: true, force: true });
}

async function start(coordinator: Coordinator): Promise<ChildProcess> {
  const { link } = await makeToken(coordinator, 'join');
  const args = ['worker', '--join', link, '--name', 'idle', '--slots', '2', '--data', path.join(folder, 'worker')];
  const more = ['--allow-system-browser', '--no-install', '--log-level', 'warn'];
  const { PATH, HOME } = process.env;
  return programs.start([...args, ...more], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], env: { PATH, HOME } });
}

/** How long it takes from the fact to what the coordinator shows, several times. */
async function pauses(agent: Minded, coordinator: Coordinator): Promise<number[]> {
  const took: number[] = [];
  for (let i = 0; i < PAUSES; i++) {
    const known = performance.now();
    await agent.ask({ type: 'facts', facts: { idleSeconds: 0, locked: false } });
    while ((await intentOf(coordinator)) !== 'paused') await pause(10);
    took.push(Math.round(performance.now() - known));
    await agent.ask({ type: 'facts', facts: { locked: true } });
    while ((await intentOf(coordinator)) !== 'active') await pause(100);
  }
  return took;
}

async function intentOf(coordinator: Coordinator): Promise<string | undefined> {
  const { items } = await api<{ items: { intent: string }[] }>(coordinator, 'GET', '/workers');
  return items[0]?.intent;
}

async function watch(pid: number, ms: number): Promise<Figures> {
  const began = performance.now();
  const before = await read(pid);
  const most = { rssMb: 0, children: 0 };
  let now = before;
  while (performance.now() - began < ms) {
    await pause(Math.min(5000, ms - (performance.now() - began)));
    now = await read(pid);
    most.rssMb = Math.max(most.rssMb, now.rssMb);
    most.children = Math.max(most.children, now.children);
  }
  const seconds = (performance.now() - began) / 1000;
  const cpuSeconds = (now.cpuMs - before.cpuMs) / 1000;
  return {
    cpu_seconds: round(cpuSeconds, 2),
    cpu_percent: round((cpuSeconds / seconds) * 100, 3),
    wake_ups_per_second: round((now.wakeUps - before.wakeUps) / seconds, 2),
    rss_mb: round(most.rssMb, 1),
    most_children: most.children,
  };
}

/** Children count with what they use, and with what those that have ended had used. */
async function read(pid: number): Promise<Reading> {
  const sum: Reading = { cpuMs: 0, wakeUps: 0, rssMb: 0, children: 0 };
  for (const each of [pid, ...(await childrenOf(pid))]) {
    const stat = await readFile(`/proc/${each}/stat`, 'latin1').catch(() => null);
    if (stat === null) continue;
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    sum.cpuMs += [11, 12, 13, 14].reduce((ticks, field) => ticks + Number(fields[field]), 0) * TICK_MS;
    sum.rssMb += figure(await readFile(`/proc/${each}/status`, 'latin1'), 'VmRSS') / 1024;
    for (const thread of await readdir(`/proc/${each}/task`))
      sum.wakeUps += figure(await readFile(`/proc/${each}/task/${thread}/status`, 'latin1'), 'voluntary_ctxt_switches');
    sum.children += each === pid ? 0 : 1;
  }
  return sum;
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'latin1').catch(() => '');
  const own = text.trim().split(/\s+/).filter(Boolean).map(Number);
  return [...own, ...(await Promise.all(own.map(childrenOf))).flat()];
}

function figure(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
}

function show(name: string, { cpu_seconds, cpu_percent, wake_ups_per_second, rss_mb, most_children }: Figures): void {
  console.log(
    `${name.padEnd(7)} CPU ${cpu_seconds} s = ${cpu_percent} % of a core, ${wake_ups_per_second} wake-ups/s, RSS ${rss_mb} MB, at most ${most_children} children`,
  );
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
