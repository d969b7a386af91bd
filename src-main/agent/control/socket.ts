/** The same channel for other programs of the machine's owner: a local socket in the data folder, one JSON object per line. */
import { rmSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Log } from '../log.ts';
import type { Control } from './control.ts';

/** What systems take for the name of a socket, in bytes. */
const LONGEST_PATH = 103;

/** Absolute; null where this system or the length of the folder's name allows none. */
export function socketPath(dataDir: string, platform: NodeJS.Platform = process.platform): string | null {
  const file = path.join(dataDir, 'control.sock');
  return platform === 'win32' || Buffer.byteLength(file) > LONGEST_PATH ? null : file;
}

/** The folder's lock must be held: what lies there is left from before. Resolves with what ends it. */
export async function serveSocket(control: Control, dataDir: string, log: Log): Promise<() => void> {
  const file = socketPath(dataDir);
  if (file === null) {
    log.debug(
      { dataDir },
      'no local socket here: `playfleet worker status`, `pause` and `resume` do not reach this worker',
    );
    return () => undefined;
  }
  rmSync(file, { force: true });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const channel = control.open((message) => void socket.write(`${JSON.stringify(message)}\n`));
    createInterface({ input: socket }).on('line', (line) => channel.hear(parsed(line)));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      channel.end();
    });
  });
  try {
    await listen(server, file);
  } catch (error) {
    log.warn(
      { err: error, file },
      'no local socket: `playfleet worker status`, `pause` and `resume` do not reach this worker',
    );
    return () => undefined;
  }
  server.unref();
  return () => {
    server.close();
    for (const socket of sockets) socket.destroy();
    rmSync(file, { force: true });
  };
}

async function listen(server: Server, file: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(file, resolve);
  });
  // Its folder is entered by others where tests run as a user of their own.
  await chmod(file, 0o600);
}

/** What is no JSON is answered as what it is: a message that is no object. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}
