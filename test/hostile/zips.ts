/** Blob reports of a worker that lies: read as the coordinator reads them, then sent to it as the blobs of a real run. */
import { createHash } from 'node:crypto';
import { readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { constants, crc32, deflateRawSync } from 'node:zlib';
import { blobLimits, openBlob } from '../../coordinator/reports/blob-zip.ts';
import { ended, heldOf, passed } from '../support/reports.ts';
import { plannedTest } from '../support/suites.ts';
import { good, must, throwing, type Attack, type Family, type Target } from './attack.ts';
import { speak } from './hand-worker.ts';
import { rawZip, type RawEntry } from './raw-zip.ts';

const MEGABYTE = 1024 * 1024;
const LOG: RawEntry = {
  name: 'report.jsonl',
  data: Buffer.from('{"method":"onBlobReportMetadata","params":{"version":2}}\n'),
};
const ZEROS = Buffer.alloc(MEGABYTE);
/** A block that may be repeated: what follows it begins at a whole byte. */
const BLOCK = deflateRawSync(ZEROS, { finishFlush: constants.Z_SYNC_FLUSH });
const LAST = Buffer.from([3, 0]);
/** Packs a thousand times smaller than it is. */
const zeros = (megabytes: number): RawEntry => {
  const packed = Buffer.concat([...Array.from({ length: megabytes }, () => BLOCK), LAST]);
  let crc = 0;
  for (let n = 0; n < megabytes; n++) crc = crc32(ZEROS, crc);
  return { name: 'resources/zeros.dat', packed, says: { size: megabytes * MEGABYTE, crc } };
};
const zipped = (entry: RawEntry): Buffer => rawZip([LOG, entry]);
const named = (name: string): Buffer => zipped({ name, data: Buffer.from('evil') });

interface Hostile {
  what: string;
  make: () => Buffer;
  /** Of what stops it. */
  stop: RegExp;
}

const HOSTILE: Hostile[] = [
  {
    what: 'an entry outside (../../../)',
    make: () => named('../../../../../etc/cron.d/evil'),
    stop: /invalid relative path/,
  },
  {
    what: 'an entry outside (resources/../../)',
    make: () => named('resources/../../evil'),
    stop: /invalid relative path/,
  },
  { what: 'an absolute entry', make: () => named('/etc/cron.d/evil'), stop: /absolute path/ },
  { what: 'an entry on a drive (C:\\)', make: () => named('C:\\Windows\\evil.dll'), stop: /invalid characters/ },
  { what: 'an entry with backslashes (..\\)', make: () => named('..\\..\\evil'), stop: /invalid characters/ },
  {
    what: 'a second event log behind the first',
    make: () => rawZip([LOG, { ...LOG, data: Buffer.from('{}\n') }]),
    stop: /twice/,
  },
  { what: 'a bomb by ratio: 1 : 1000', make: () => zipped(zeros(650)), stop: /unpacks to far more than it is/ },
  {
    what: 'a bomb of one endless event',
    make: () => rawZip([{ ...zeros(200), name: 'report.jsonl' }]),
    stop: /a line is longer than/,
  },
  {
    what: 'a bomb of overlapping entries',
    make: () => {
      const kernel = zeros(60);
      const twins = Array.from({ length: 19 }, (_, i) => ({ ...kernel, name: `resources/${i}.dat`, overlaps: true }));
      return rawZip([LOG, kernel, ...twins]);
    },
    stop: /unpacks to far more than it is/,
  },
  {
    what: 'a bomb of many entries',
    make: () => {
      const entry = { data: Buffer.from('x') };
      const twins = Array.from({ length: 200_001 }, (_, i) => ({ ...entry, name: `resources/${i}`, overlaps: i > 0 }));
      return rawZip([LOG, ...twins]);
    },
    stop: /lists 200002 entries/,
  },
  {
    what: 'a directory that claims more entries than it has',
    make: () => rawZip([LOG], { count: 5000 }),
    stop: /central directory|signature|unexpected EOF/i,
  },
  {
    what: 'a header that says 10 bytes for 50 megabytes',
    make: () => zipped({ ...zeros(50), says: { size: 10, crc: 0 } }),
    stop: /too many bytes/,
  },
  {
    what: 'a header that says 50 megabytes for 10 bytes',
    make: () => zipped({ name: 'resources/x', data: Buffer.alloc(10), says: { size: 50 * MEGABYTE } }),
    stop: /not enough bytes/,
  },
  {
    what: 'a header that says the file is longer than the zip',
    make: () =>
      zipped({
        name: 'resources/x',
        data: Buffer.alloc(10),
        stored: true,
        says: { packedSize: MEGABYTE, size: MEGABYTE },
      }),
    stop: /file data overflows|unexpected EOF|bounds/i,
  },
  {
    what: 'an offset behind the end of the zip',
    make: () => zipped({ name: 'resources/x', data: Buffer.alloc(10), says: { offset: 0x7fff_0000 } }),
    stop: /EOF|signature|bounds/i,
  },
  {
    what: 'a checksum that is wrong',
    make: () => zipped({ name: 'resources/x', data: Buffer.from('bytes'), stored: true, says: { crc: 1 } }),
    stop: /checksum does not match/,
  },
  {
    what: 'an entry that says it is encrypted',
    make: () => zipped({ name: 'resources/x', data: Buffer.from('bytes'), says: { flags: 1 } }),
    stop: /encrypted/,
  },
  { what: 'a zip that was cut off', make: () => named('resources/x').subarray(0, -30), stop: /central directory|zip/i },
  { what: 'no zip at all', make: () => Buffer.from('MZ not a zip'.repeat(100)), stop: /central directory|zip/i },
];

export const zips: Family = ({ folder }) => [
  ...HOSTILE.map(({ what, make, stop }) => ({
    attack: `a blob with ${what}`,
    run: () => throwing(() => readAll(path.join(folder, 'blob.zip'), make()), stop),
  })),
  {
    attack: 'a blob with a symbolic link to /etc/passwd',
    run: async () => {
      const file = path.join(folder, 'blob.zip');
      const entry = { name: 'resources/link.txt', data: Buffer.from('/etc/passwd'), stored: true, mode: 0o120777 };
      must((await readAll(file, zipped(entry))) === '/etc/passwd', 'the link was followed');
      must((await readdir(folder)).join() === 'blob.zip', 'something was unpacked');
      return 'read as the bytes it has; no entry ever becomes a name or a link';
    },
  },
  {
    attack: 'a blob with a bomb in a zip in a zip',
    run: async () => {
      const file = path.join(folder, 'blob.zip');
      const inner = rawZip([zeros(650)]);
      const length = (await readAll(file, zipped({ name: 'resources/inner.zip', data: inner }))).length;
      must(length === inner.length, `${length} bytes came of it`);
      return 'what is inside an attachment is never opened';
    },
  },
];

/** What the coordinator does with a blob: all of its events, then all of its files. Resolves to the files' bytes as text. */
async function readAll(file: string, bytes: Buffer): Promise<string> {
  await writeFile(file, bytes);
  const zip = await openBlob(file, blobLimits);
  let text = '';
  try {
    for await (const event of zip.events()) must(event.length <= blobLimits.lineBytes, 'an event beyond the limit');
    const names = ['x', 'zeros.dat', 'link.txt', 'inner.zip', ...Array.from({ length: 19 }, (_, i) => `${i}.dat`)];
    for (const name of names) {
      for await (const chunk of zip.resource(`resources/${name}`) ?? [])
        if (text.length < MEGABYTE) text += chunk.toString('latin1');
    }
    return text;
  } finally {
    zip.close();
  }
}

/** All of them at once, as the blobs of a run's shards, by a worker that speaks the link. */
export const zipsOfARun: Family = ({ target, folder }): Attack[] => [
  {
    attack: 'all of these, sent by a worker as the reports of a run',
    run: async () => {
      const before = await namesBelow(target.dataDir);
      const blobs: Buffer[] = [];
      for (const { make } of HOSTILE) {
        blobs.push(make());
        // Connections that the coordinator has closed meanwhile must be noticed.
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      const runId = await runWith(target, blobs);
      const report = await reportOf(target, runId);
      must(report.state === 'ready', `there is no report: ${JSON.stringify(report)}`);
      const shown = await good<{ stats: { expected: number }; errors: { message: string }[] }>(
        await target.request('GET', `/api/v1/test-runs/${runId}/report/json`),
      );
      must(shown.stats.expected === blobs.length, `${shown.stats.expected} of ${blobs.length} tests are in the report`);
      const said = shown.errors.map(({ message }) => message).join();
      must(
        said.includes(`${blobs.length} of ${blobs.length} blob reports could not be used`),
        `it says: ${said.slice(0, 300)}`,
      );
      const made = (await namesBelow(target.dataDir)).filter((name) => !before.includes(name));
      const odd = made.filter((name) => !/^(blobs|reports)(\/|$)|^playfleet\.db/.test(name));
      must(odd.length === 0, `files appeared: ${odd.join()}`);
      await rm(path.join(folder, 'blob.zip'), { force: true });
      return `all ${blobs.length} are named in the report, which is made of the coordinator's own record`;
    },
  },
];

const namesBelow = (dir: string): Promise<string[]> => readdir(dir, { recursive: true });

async function runWith(target: Target, blobs: readonly Buffer[]): Promise<string> {
  const body = {
    name: 'hostile blobs',
    project: 'hostile',
    total_shards: blobs.length,
    source: { type: 'path', path: '/x' },
  };
  const { apiKey } = await target.enrol('liar');
  const headers = { authorization: `Bearer ${apiKey}` };
  const uploaded: { sha256: string; size: number }[] = [];
  for (const bytes of blobs) {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const answer = await fetch(`${target.url}/api/v1/blobs/${sha256}`, {
      method: 'PUT',
      headers,
      body: new Uint8Array(bytes),
    });
    uploaded.push(await good(answer));
  }
  const { test_run_id: runId } = await good<{ test_run_id: string }>(
    await target.request('POST', '/api/v1/test-runs/create', body),
  );
  const worker = await speak(target.url, apiKey, blobs.length);
  try {
    for (const [n, { sha256, size }] of uploaded.entries()) {
      const grant = await worker.grant(runId);
      const test = { ...plannedTest(`t${n}`), titlePath: [`test ${n}`] };
      await worker.report({ kind: 'begin', ...heldOf(grant) });
      await worker.report({
        kind: 'planned',
        ...heldOf(grant),
        playwrightVersion: '1.65.1',
        tests: [test],
        supportingTestIds: [],
      });
      await worker.report(passed(grant, [test.id]));
      await worker.report({ kind: 'finish', ...heldOf(grant), end: ended({ blobSha256: sha256, blobSize: size }) });
    }
  } finally {
    worker.close();
  }
  return runId;
}

async function reportOf(target: Target, runId: string): Promise<{ state: string }> {
  const until = performance.now() + 120_000;
  for (;;) {
    const { report } = await good<{ report: { state: string } }>(
      await target.request('GET', `/api/v1/test-runs/${runId}`),
    );
    if (report.state === 'ready' || report.state === 'failed' || performance.now() > until) return report;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
