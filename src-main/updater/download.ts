/** Loads a package: goes on where a broken download ended, writes nothing that does not fit on the disk, and believes only the signed hash. */
import { mkdir, open, rename, rm, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../shared/base/clock.ts';
import type { UpdatePackage } from '../../shared/protocol/update.ts';
import { syncFolder } from '../agent/atomic-file.ts';
import { retry, TryAgain, type RetryPolicy } from '../transfer/retry.ts';
import { UpdateError } from './errors.ts';
import { sha512Of } from './hash.ts';
import { getFile, type FeedSource } from './http.ts';

export interface DownloadOptions {
  source: FeedSource;
  package: UpdatePackage;
  /** Absolute; it is made. */
  folder: string;
  clock: Clock;
  signal?: AbortSignal;
  /** Per cent, whole numbers. */
  onProgress?: (percent: number) => void;
  retry?: RetryPolicy;
}

const RETRY: RetryPolicy = { tries: 6, backoff: { baseMs: 500, maxMs: 30_000 }, longestWaitMs: 60_000 };
/** An installer unpacks, and other programs go on writing. */
const SPARE_BYTES = 64 * 1024 * 1024;
const MB = 1024 * 1024;

/** The file, checked. What arrived before a failure stays for the next try, except where the disk is full or the bytes are wrong. */
export async function downloadPackage(options: DownloadOptions): Promise<string> {
  const { package: wanted, folder } = options;
  const file = path.join(folder, wanted.name);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (await isWhole(file, wanted)) return file;
  // Named after its content: what is there of other bytes is never continued.
  const part = path.join(folder, `${Buffer.from(wanted.sha512, 'base64').toString('hex').slice(0, 32)}.part`);
  await requireSpace(folder, wanted.size - (await sizeOf(part)), wanted);
  try {
    await retry(options.retry ?? RETRY, options.clock, options.signal, () => goOn(part, options));
  } catch (error) {
    if (error instanceof TryAgain) throw new UpdateError('unreachable', error.message, { cause: error });
    if (!isFull(error)) throw error;
    const missing = wanted.size - (await sizeOf(part));
    await rm(part, { force: true });
    throw diskFull(wanted, missing, error);
  }
  if (!(await isWhole(part, wanted))) {
    await rm(part, { force: true });
    throw new UpdateError(
      'damaged',
      `${wanted.name} is not what was signed: it was changed on the way or on the server. Nothing of it is kept`,
    );
  }
  await rename(part, file);
  await syncFolder(folder);
  return file;
}

/** Whether a file is there and has the signed size and hash. */
export async function isWhole(
  file: string,
  { size, sha512 }: Pick<UpdatePackage, 'size' | 'sha512'>,
): Promise<boolean> {
  return (await sizeOf(file)) === size && (await sha512Of(file)) === sha512;
}

async function goOn(
  part: string,
  { source, package: wanted, clock, signal, onProgress }: DownloadOptions,
): Promise<void> {
  const have = await sizeOf(part);
  if (have > wanted.size) await rm(part);
  if (have === wanted.size) return;
  const from = have > wanted.size ? 0 : have;
  const headers: Record<string, string> = from === 0 ? {} : { range: `bytes=${from}-` };
  await getFile(source, wanted.name, { headers, clock, signal }, async ({ status, headers: said, chunks }) => {
    if (status === 416) {
      await rm(part, { force: true });
      throw new TryAgain(`the feed has ${wanted.name} with another size`, { status });
    }
    if (status !== 200 && status !== 206)
      throw new UpdateError('unreachable', `the feed answered ${status} for ${wanted.name}`);
    // A server that knows no ranges sends it all again.
    const at = status === 206 ? Number(/^bytes (\d+)-/.exec(said.get('content-range') ?? '')?.[1] ?? NaN) : 0;
    if (at !== 0 && at !== from)
      throw new UpdateError('unreachable', `the feed answered with another part of ${wanted.name} than was asked for`);
    await write(part, at, wanted, chunks, onProgress);
  });
}

async function write(
  part: string,
  at: number,
  { name, size }: UpdatePackage,
  chunks: AsyncIterable<Uint8Array>,
  onProgress: DownloadOptions['onProgress'],
): Promise<void> {
  await using out = await open(part, at === 0 ? 'w' : 'r+', 0o600);
  let end = at;
  let told = -1;
  for await (const chunk of chunks) {
    if (end + chunk.length > size) {
      await out.truncate(0);
      throw new UpdateError('damaged', `the feed sends more for ${name} than was signed`);
    }
    for (let done = 0; done < chunk.length;)
      done += (await out.write(chunk, done, chunk.length - done, end + done)).bytesWritten;
    end += chunk.length;
    const percent = Math.floor((end / size) * 100);
    if (percent !== told) onProgress?.((told = percent));
  }
  await out.sync();
  if (end < size) throw new TryAgain(`the connection ended after ${end} of ${size} bytes of ${name}`);
}

/** Before a byte is written. */
async function requireSpace(folder: string, bytes: number, wanted: UpdatePackage): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const missing = bytes + SPARE_BYTES - bavail * bsize;
  if (bytes > 0 && missing > 0) throw diskFull(wanted, missing);
}

function diskFull({ name }: UpdatePackage, missing: number, cause?: unknown): UpdateError {
  const mb = Math.ceil(missing / MB);
  return new UpdateError(
    'disk_full',
    `${name} does not fit on the disk: ${mb} MB more must be free. Nothing was kept of it`,
    { cause },
  );
}

const isFull = (error: unknown): boolean => ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}
