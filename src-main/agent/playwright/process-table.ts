import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** One process of the machine. */
export interface ProcessInfo {
  pid: number;
  ppid: number;
  /** Session on Linux, process group elsewhere: Playwright gives each browser its own, and all the browser's processes stay in it. */
  session: number;
  /** Together with the pid it names a process for good, since pids are used again. Opaque. */
  started: string;
  /** CPU time used so far, milliseconds. */
  cpuMs: number;
  /** Resident memory in bytes where the table tells it at no cost, else 0: see readMemory. */
  residentBytes: number;
}

export type ProcessTable = Map<number, ProcessInfo>;

/** What every Linux that Node supports tells user programs, whatever the kernel's own rate. */
const TICK_MS = 10;

/** A table this old still serves to watch processes, so that many slots on a machine cost no more than one. */
const RECENT_MS = 800;
let recent: { table: ProcessTable; at: number } | null = null;

/** As readProcessTable, but perhaps up to 0.8 s old. */
export function recentProcessTable(): ProcessTable {
  const now = performance.now();
  if (!recent || now - recent.at > RECENT_MS) recent = { table: readProcessTable(), at: now };
  return recent.table;
}

/** All processes by pid, without those that only wait to be reaped; empty on Windows, which has no cheap means. 5 ms per 100 on Linux. */
export function readProcessTable(): ProcessTable {
  if (process.platform === 'linux') return fromProc();
  if (process.platform === 'win32') return new Map();
  return parsePs(ps(['-A', '-o', 'pid=,ppid=,pgid=,rss=,time=,lstart=']));
}

/** Bytes that only this process has, and bytes it shares with others or with files. Zeros when it is gone. */
export function readMemory(info: ProcessInfo): { own: number; shared: number } {
  if (process.platform !== 'linux') return { own: info.residentBytes, shared: 0 };
  const status = readOrNull(`/proc/${info.pid}/status`)?.toString('latin1') ?? '';
  const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
  return { own: kilobytes('RssAnon') * 1024, shared: (kilobytes('RssFile') + kilobytes('RssShmem')) * 1024 };
}

/** Pids of processes that were started with `name=value` in their environment; [] where it cannot be read (Windows). */
export function pidsWithEnvironment(name: string, value: string): number[] {
  const assignment = `${name}=${value}`;
  if (process.platform === 'win32') return [];
  if (process.platform !== 'linux') {
    const lines = ps(['-A', '-E', '-ww', '-o', 'pid=,command=']).split('\n');
    return lines.filter((line) => line.split(' ').includes(assignment)).map((line) => Number.parseInt(line, 10));
  }
  const wanted = Buffer.from(`\0${assignment}\0`);
  const nul = Buffer.from('\0');
  return procPids().filter((pid) => {
    const environ = readOrNull(`/proc/${pid}/environ`);
    return environ !== null && Buffer.concat([nul, environ, nul]).includes(wanted);
  });
}

function fromProc(): ProcessTable {
  const table: ProcessTable = new Map();
  for (const pid of procPids()) {
    const stat = readOrNull(`/proc/${pid}/stat`)?.toString('latin1');
    if (stat === undefined) continue;
    // The name in parentheses may hold anything, also parentheses and blanks; the state follows it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, ppid, , session] = fields;
    if (state === 'Z' || state === 'X') continue;
    table.set(pid, {
      pid,
      ppid: Number(ppid),
      session: Number(session),
      started: fields[19] ?? '',
      cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS,
      residentBytes: 0,
    });
  }
  return table;
}

function procPids(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

/** Null when the process is gone, or another user's. */
function readOrNull(file: string): Buffer | null {
  try {
    return readFileSync(file);
  } catch {
    return null;
  }
}

function ps(args: string[]): string {
  return execFileSync('ps', args, {
    encoding: 'utf8',
    maxBuffer: 256 << 20,
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
  });
}

/** Parses `ps -o pid=,ppid=,pgid=,rss=,time=,lstart=`: rss in KiB, time as `[[dd-]hh:]mm:ss[.cc]`. */
export function parsePs(output: string): ProcessTable {
  const table: ProcessTable = new Map();
  for (const line of output.split('\n')) {
    const [pid, ppid, group, rss, time, ...started] = line.trim().split(/\s+/);
    if (time === undefined) continue;
    table.set(Number(pid), {
      pid: Number(pid),
      ppid: Number(ppid),
      session: Number(group),
      started: started.join(' '),
      cpuMs: parseTime(time),
      residentBytes: Number(rss) * 1024,
    });
  }
  return table;
}

function parseTime(time: string): number {
  const [clock = '', days = '0'] = time.split('-').reverse();
  const seconds = clock.split(':').reduce((total, part) => total * 60 + Number(part), 0);
  return Math.round((Number(days) * 86_400 + seconds) * 1000);
}
