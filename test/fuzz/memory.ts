/**
 * How much memory a program has, and whether it goes on growing. V8 gives memory back late, by tens of megabytes at once, so what the system
 * says (resident) jumps with the load. What is alive after a garbage collection does not: a leak shows there.
 */
import { readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { WebSocket } from 'ws';

export interface MemorySample {
  /** Sent so far. */
  requests: number;
  /** Bytes that are alive, of V8's heap and of buffers beside it. */
  live: number;
  /** Bytes, after a garbage collection. */
  resident: number;
}

export const inspected = (port: number): string[] => [`--inspect=127.0.0.1:${port}`, '--inspect-publish-uid=http'];

/** Looks into a program that was started with `inspected(port)`. */
export class Inspector {
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, (result: Record<string, number>) => void>();
  #nextId = 1;

  static async open(port: number): Promise<Inspector> {
    const list = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as {
      webSocketDebuggerUrl: string;
    }[];
    const socket = new WebSocket(list[0]?.webSocketDebuggerUrl ?? '');
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    return new Inspector(socket);
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => {
      const { id, result } = JSON.parse(data.toString()) as { id?: number; result?: Record<string, number> };
      if (id !== undefined) this.#answers.get(id)?.(result ?? {});
    });
  }

  /** Collects garbage first. */
  async sample(requests: number, pid: number): Promise<MemorySample> {
    await this.#ask('HeapProfiler.collectGarbage');
    const { usedSize = NaN, backingStorageSize = 0 } = await this.#ask('Runtime.getHeapUsage');
    return { requests, live: usedSize + backingStorageSize, resident: residentBytes(pid) };
  }

  close(): void {
    this.#socket.terminate();
  }

  #ask(method: string): Promise<Record<string, number>> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#answers.set(id, resolve);
      this.#socket.once('close', () => reject(new Error('the program has ended')));
      this.#socket.send(JSON.stringify({ id, method }));
    });
  }
}

function residentBytes(pid: number): number {
  if (process.platform === 'linux') {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
  }
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)]).toString()) * 1024;
}

/**
 * Live bytes that are added by ten thousand requests once all is warm: the median slope between samples of the second half (code that is
 * compiled and caches that fill up to their bounds are the first half's). 0 for fewer than four samples there.
 */
export function growthPer10k(samples: readonly MemorySample[]): number {
  const warm = samples.slice(Math.floor(samples.length / 2));
  if (warm.length < 4) return 0;
  const slopes = warm.flatMap((one, index) =>
    warm.slice(index + 1).map((later) => (later.live - one.live) / (later.requests - one.requests)),
  );
  return (slopes.toSorted((a, b) => a - b)[Math.floor(slopes.length / 2)] ?? 0) * 10_000;
}
