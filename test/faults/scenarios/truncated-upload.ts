/** Uploads that are cut short, changed on the way or longer than said: none is accepted, and nothing is left of them. */
import { createHash, randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { request } from 'node:http';
import path from 'node:path';
import type { Coordinator } from '../../../scripts/programs.ts';
import type { Scenario } from '../bench.ts';

const ROUNDS = 30;

export const truncatedUpload: Scenario = async (bench) => {
  const coordinator = await bench.programs.startCoordinator(path.join(bench.folder, 'coordinator'));
  let [good, accepted, refused, aborted, wrongly] = [0, 0, 0, 0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = randomBytes(1000 + Math.floor(bench.random() * 200_000));
    const name = createHash('sha256').update(bytes).digest('hex');
    const fault = (['none', 'truncated', 'flipped', 'aborted'] as const)[round % 4] ?? 'none';
    const body = Buffer.from(
      fault === 'truncated' ? bytes.subarray(0, bytes.length - 1 - Math.floor(bench.random() * 900)) : bytes,
    );
    if (fault === 'flipped') body.writeUInt8((body[10] ?? 0) ^ 1, 10);
    const status = await put(coordinator, name, body, fault === 'aborted');
    if (fault === 'none') good++;
    if (status === 201) accepted++;
    if (status === 422) refused++;
    if (status === null) aborted++;
    if (fault !== 'none' && (await stored(coordinator, name))) wrongly++;
  }
  const left = await readdir(path.join(coordinator.dataDir, 'blobs', 'tmp'));
  return {
    acknowledged: accepted,
    stored: good,
    lost: Math.max(0, accepted - good),
    double_counted: 0,
    figures: { uploads: ROUNDS, refused, aborted, bad_accepted: wrongly, temporary_files_left: left.length },
    zero: ['bad_accepted', 'temporary_files_left'],
  };
};

/** The status, or null where the connection was cut in the middle of the body. */
function put(coordinator: Coordinator, name: string, body: Buffer, abort: boolean): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${coordinator.token}`, 'content-length': body.length };
    const outgoing = request(`${coordinator.url}/api/v1/blobs/${name}`, { method: 'PUT', headers }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode ?? 0));
    });
    outgoing.on('error', (error) => (abort ? resolve(null) : reject(error)));
    if (!abort) outgoing.end(body);
    else outgoing.write(body.subarray(0, body.length >> 1), () => outgoing.destroy());
  });
}

async function stored(coordinator: Coordinator, name: string): Promise<boolean> {
  const answer = await fetch(`${coordinator.url}/api/v1/blobs/${name}`, {
    method: 'HEAD',
    headers: { authorization: `Bearer ${coordinator.token}` },
  });
  return answer.ok;
}
