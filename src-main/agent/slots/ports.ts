/** Ports for one Playwright process that no other process on this machine uses, also not one of another agent. */
import net from 'node:net';
import { PORTS_PER_PROCESS } from '../playwright/reporter/ports.ts';

/** Below the ports that systems hand out by themselves (from 32768 on Linux). */
const FIRST = 20_000;
const END = 32_000;
/** A block is the process's own ports and one more, which the agent listens on: that keeps other agents away from the block. */
const BLOCK = PORTS_PER_PROCESS + 1;
const BLOCKS = Math.floor((END - FIRST) / BLOCK);

export interface PortBlock {
  /** First of PORTS_PER_PROCESS. */
  first: number;
  release(): void;
}

/** @throws Error where every block is taken, which takes a thousand processes. */
export async function takePorts(random: () => number = Math.random): Promise<PortBlock> {
  const begin = Math.floor(random() * BLOCKS);
  for (let i = 0; i < BLOCKS; i++) {
    const first = FIRST + ((begin + i) % BLOCKS) * BLOCK;
    const guard = await listen(first + PORTS_PER_PROCESS, '127.0.0.1');
    if (!guard) continue;
    if (await areFree(first)) return { first, release: () => void guard.close() };
    guard.close();
  }
  throw new Error(`no free ports between ${FIRST} and ${END} on this machine`);
}

async function areFree(first: number): Promise<boolean> {
  for (let port = first; port < first + PORTS_PER_PROCESS; port++) {
    const server = await listen(port);
    if (!server) return false;
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
  return true;
}

/** Null where the port is taken. Without a host, on all addresses. */
function listen(port: number, host?: string): Promise<net.Server | null> {
  return new Promise((resolve) => {
    const server = net.createServer((socket) => socket.destroy()).unref();
    server.once('error', () => resolve(null));
    server.listen({ port, host, exclusive: true }, () => resolve(server));
  });
}
