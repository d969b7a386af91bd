/**
 * Whether the program of this container does its work: a coordinator can store results, a worker has a connection to its coordinator.
 * Plain JavaScript on Node alone: it runs twice a minute in every container. Exits with 1 and a reason where it is not so.
 */
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';
import process from 'node:process';

const looks = { coordinator, worker };
const look = looks[process.argv[2]];
if (!look) {
  console.error(`say what runs here: ${Object.keys(looks).join(' or ')}`);
  process.exit(2);
}
try {
  console.log(await look());
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
}

/** With encryption or without; whose certificate it is does not matter to itself. */
async function coordinator() {
  const port = process.env.PLAYFLEET_COORDINATOR_PORT ?? '4800';
  const plain = await ready(http, `http://127.0.0.1:${port}/readyz`).catch(() => null);
  const status = plain === null || plain === 400 ? await ready(https, `https://127.0.0.1:${port}/readyz`) : plain;
  if (status !== 200) throw new Error(`/readyz answered ${status}`);
  return 'ready';
}

function ready({ get }, url) {
  return new Promise((resolve, reject) => {
    const request = get(url, { rejectUnauthorized: false, timeout: 5000 }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on('timeout', () => request.destroy(new Error('no answer within 5 s')));
    request.on('error', reject);
  });
}

/** The system knows the connections of this container; the worker's key says where its coordinator is. */
async function worker() {
  const folder = process.env.PLAYFLEET_DATA ?? '/data';
  const url = process.env.COORDINATOR_URL || JSON.parse(readFileSync(path.join(folder, 'key.json'), 'utf8')).url;
  const { port, protocol } = new URL(url);
  const wanted = Number(port || (protocol === 'https:' ? 443 : 80));
  const ESTABLISHED = '01';
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const rows = readFileSync(table, 'utf8').trim().split('\n').slice(1);
    for (const row of rows) {
      const [, , remote = '', state] = row.trim().split(/\s+/);
      if (state === ESTABLISHED && parseInt(remote.split(':').at(-1), 16) === wanted)
        return `connected to port ${wanted}`;
    }
  }
  throw new Error(`no connection to ${new URL(url).host}`);
}
