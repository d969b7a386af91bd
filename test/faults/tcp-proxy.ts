/** A bad line between an agent and its coordinator: bytes that vanish in one direction or both, come late, trickle, or break off. */
import { connect, createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

export interface Line {
  /** Directions in which bytes vanish: they are never delivered, and the connections of that time break when the hole ends. */
  hole: { up: boolean; down: boolean };
  /** Each way, milliseconds. */
  delayMs: number;
  /** Each way; Infinity: as fast as it goes. */
  bytesPerSecond: number;
}

export interface TcpProxy {
  url: string;
  line: Line;
  /** When links were established through it, by performance.now(). */
  upgrades: number[];
  /** Resets each open connection with this chance; returns how many. */
  reset(chance: number, random: () => number): number;
  /** Ends a hole: what was swallowed is lost for good, so the connections of that time are reset. */
  heal(): void;
  close(): Promise<void>;
}

export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(target);
  const line: Line = { hole: { up: false, down: false }, delayMs: 0, bytesPerSecond: Infinity };
  const upgrades: number[] = [];
  const open = new Map<Socket, Socket>();
  const server = createServer((agent) => {
    const coordinator = connect(Number(port), hostname);
    open.set(agent, coordinator);
    const end = (): void => {
      open.delete(agent);
      agent.destroy();
      coordinator.destroy();
    };
    carry(agent, coordinator, 'up', line);
    carry(coordinator, agent, 'down', line);
    coordinator.once('data', (chunk: Buffer) => {
      if (chunk.subarray(0, 12).toString() === 'HTTP/1.1 101' && !line.hole.down) upgrades.push(performance.now());
    });
    for (const socket of [agent, coordinator]) {
      socket.setNoDelay(true);
      socket.on('error', end);
      // In a hole nobody hears that the other side has gone.
      socket.on('close', () => {
        if (!line.hole.up && !line.hole.down) end();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const reset = (chance: number, random: () => number): number => {
    const chosen = [...open].filter(() => random() < chance);
    for (const [agent, coordinator] of chosen) {
      open.delete(agent);
      agent.resetAndDestroy();
      coordinator.resetAndDestroy();
    }
    return chosen.length;
  };
  const resetAll = () => reset(1, () => 0);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    line,
    upgrades,
    reset,
    heal() {
      line.hole = { up: false, down: false };
      resetAll();
    },
    close: () =>
      new Promise((resolve) => {
        resetAll();
        server.close(() => resolve());
      }),
  };
}

/** In order, each chunk after its delay and when the line has room for it. */
function carry(from: Socket, to: Socket, direction: 'up' | 'down', line: Line): void {
  let roomAt = 0;
  from.on('data', (chunk: Buffer) => {
    if (line.hole[direction]) return;
    const now = performance.now();
    roomAt = Math.max(roomAt, now) + (chunk.length / line.bytesPerSecond) * 1000;
    const waitMs = roomAt - now + line.delayMs;
    if (waitMs < 1) {
      to.write(chunk);
      return;
    }
    from.pause();
    // The line takes the next bytes as soon as it has room; the delay is not its fault.
    setTimeout(() => from.resume(), roomAt - now);
    setTimeout(() => {
      if (!line.hole[direction] && to.writable) to.write(chunk);
    }, waitMs);
  });
}
