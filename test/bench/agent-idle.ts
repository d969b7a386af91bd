/**
 * What a worker costs while it has nothing to do: the real `playfleet worker` against a real coordinator, enrolled, connected, measured
 * from outside over /proc (Linux). Run with `node test/bench/agent-idle.ts [seconds]` after `npm run build`; the last line is JSON for a
 * script.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

const program = path.resolve(import.meta.dirname, '../../dist/playfleet.mjs');
const seconds = Number(process.argv[2] ?? 20);
/** Promised in the issue: resident memory in bytes, and share of one core in percent. */
const promised = { rssBytes: 90e6, cpuPercent: 0.5 };
/** Enrolment, browsers and the first garbage are behind it. */
const SETTLE_MS = 5000;
const TICK_MS = 10;

const folder = mkdtempSync(path.join(tmpdir(), 'playfleet-bench-'));
const children: ChildProcess[] = [];

/** Starts a playfleet command and resolves with its first line for which `wanted` gives something. */
async function start<T>(args: string[], wanted: (line: string) => T | null): Promise<{ pid: number; found: T }> {
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, [program, ...args], {
    env: { PATH, HOME },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  for await (const line of createInterface({ input: child.stdout })) {
    const found = wanted(line);
    if (found === null) continue;
    child.stdout.resume();
    return { pid: child.pid ?? 0, found };
  }
  throw new Error(`playfleet ${args[0]} ended before it was ready`);
}

function rssBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) * 1024;
}

function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function measure(pid: number): Promise<{ rssBytes: number; cpuPercent: number }> {
  await pause(SETTLE_MS);
  const before = cpuMs(pid);
  const started = performance.now();
  let most = 0;
  for (let i = 0; i < seconds; i++) {
    await pause(1000);
    most = Math.max(most, rssBytes(pid));
  }
  return {
    rssBytes: most,
    cpuPercent: Math.round(((cpuMs(pid) - before) / (performance.now() - started)) * 10_000) / 100,
  };
}

try {
  const coordinator = await start(
    ['coordinator', '--data', path.join(folder, 'coordinator'), '--port', '0', '--log-level', 'warn', '--json'],
    (line) => (JSON.parse(line) as { join?: string }).join ?? null,
  );
  const args = [
    'worker',
    '--data',
    path.join(folder, 'worker'),
    '--name',
    'idle',
    '--no-install',
    '--allow-system-browser',
  ];
  const connected = (line: string): true | null => (line.includes('"msg":"connected"') ? true : null);
  const first = await start([...args, '--join', coordinator.found], connected);
  const results = { enrolling: await measure(first.pid), again: { rssBytes: 0, cpuPercent: 0 } };
  children[1]?.kill('SIGTERM');
  await new Promise((resolve) => children[1]?.once('close', resolve));
  results.again = await measure((await start(args, connected)).pid);

  for (const [name, { rssBytes: rss, cpuPercent }] of Object.entries(results)) {
    const kept = rss <= promised.rssBytes && cpuPercent <= promised.cpuPercent;
    console.log(
      `${name.padEnd(10)} RSS ${(rss / 1e6).toFixed(1)} MB, CPU ${cpuPercent} % of a core over ${seconds} s: ${kept ? 'kept' : 'NOT KEPT'}`,
    );
  }
  const worst = {
    rssBytes: Math.max(results.enrolling.rssBytes, results.again.rssBytes),
    cpuPercent: Math.max(results.enrolling.cpuPercent, results.again.cpuPercent),
  };
  const isKept = worst.rssBytes <= promised.rssBytes && worst.cpuPercent <= promised.cpuPercent;
  console.log(JSON.stringify({ bench: 'agent-idle', seconds, ...results, promised, kept: isKept }));
  if (!isKept) process.exitCode = 1;
} finally {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
