/**
 * A blob zip as a worker sent it: foreign input. Entry names never become paths, sizes are counted as the bytes come, and checksums are
 * verified, which yauzl leaves to its caller.
 */
import { stat } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import yauzl from 'yauzl';
import { LineTooLong, readLines } from './lines.ts';

/** A blob that cannot be used; the message says why, in words for the report. */
export class BlobRefused extends Error {}

export interface BlobLimits {
  entries: number;
  /** Uncompressed bytes of the event log. */
  eventBytes: number;
  /** Bytes of one event. */
  lineBytes: number;
  /** Bytes of the events of one attempt; a larger one is rebuilt from the record, which is bounded. */
  attemptBytes: number;
  /** Uncompressed bytes of one resource. */
  resourceBytes: number;
  /** Uncompressed bytes read of the whole blob: these, and so many for each of its packed bytes. Bombs are stopped by it, whatever they are folded of. */
  freeBytes: number;
  bytesPerPackedByte: number;
}
export const blobLimits: BlobLimits = {
  entries: 200_000,
  eventBytes: 4 * 1024 ** 3,
  lineBytes: 64 * 1024 ** 2,
  attemptBytes: 64 * 1024 ** 2,
  resourceBytes: 4 * 1024 ** 3,
  freeBytes: 512 * 1024 ** 2,
  bytesPerPackedByte: 100,
};

export interface BlobZip {
  /** Yields each event as text; the checksum is verified at the end, so nothing read may be used before the last one came. */
  events(): AsyncGenerator<string>;
  /** The bytes of a file that an event refers to, or null where the zip has none of that name. */
  resource(name: string): AsyncGenerator<Buffer> | null;
  close(): void;
}

/** What may still be read of a blob; entries may overlap, so it is counted over all of them. */
interface Allowance {
  left: number;
}

/** Throws BlobRefused, here and from the generators, for anything that is wrong with the file. */
export async function openBlob(file: string, limits: BlobLimits): Promise<BlobZip> {
  const zip = await yauzl
    .openPromise(file, { autoClose: false, validateEntrySizes: true, strictFileNames: true })
    .catch((error: unknown) => refuse(error));
  try {
    const { size } = await stat(file);
    const allowance = { left: limits.freeBytes + limits.bytesPerPackedByte * size };
    const entries = await readEntries(zip, limits);
    const logs = [...entries.values()].filter(
      (entry) => entry.fileName.endsWith('.jsonl') && !entry.fileName.includes('/'),
    );
    const log = logs[0];
    if (log === undefined || logs.length > 1)
      throw new BlobRefused(`it holds ${logs.length} event logs instead of one`);
    return {
      async *events() {
        try {
          for await (const line of readLines(read(zip, log, limits.eventBytes, allowance), limits.lineBytes))
            if (line.length > 0) yield line.toString('utf8');
        } catch (error) {
          throw error instanceof LineTooLong ? new BlobRefused(`report.jsonl: ${error.message}`) : error;
        }
      },
      resource(name) {
        const entry = entries.get(name);
        return entry === undefined || entry === log ? null : read(zip, entry, limits.resourceBytes, allowance);
      },
      close: () => zip.close(),
    };
  } catch (error) {
    zip.close();
    throw error;
  }
}

async function readEntries(zip: yauzl.ZipFile, limits: BlobLimits): Promise<Map<string, yauzl.Entry>> {
  if (zip.entryCount > limits.entries)
    throw new BlobRefused(`it lists ${zip.entryCount} entries, more than ${limits.entries}`);
  const entries = new Map<string, yauzl.Entry>();
  try {
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName.endsWith('/')) continue;
      const before = entries.get(entry.fileName);
      // Playwright writes an attachment once per attempt that has it, under the name of its content.
      if (before && !sameContent(before, entry)) throw new BlobRefused(`it holds ${entry.fileName} twice`);
      if (!before) entries.set(entry.fileName, entry);
    }
  } catch (error) {
    refuse(error);
  }
  return entries;
}

const sameContent = (a: yauzl.Entry, b: yauzl.Entry): boolean =>
  a.fileName.startsWith('resources/') && a.crc32 === b.crc32 && a.uncompressedSize === b.uncompressedSize;

async function* read(
  zip: yauzl.ZipFile,
  entry: yauzl.Entry,
  maxBytes: number,
  allowance: Allowance,
): AsyncGenerator<Buffer> {
  let size = 0;
  let sum = 0;
  try {
    const stream = await zip.openReadStreamPromise(entry);
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      size += chunk.length;
      allowance.left -= chunk.length;
      if (size > maxBytes) throw new BlobRefused(`${entry.fileName} is larger than ${maxBytes} bytes`);
      if (allowance.left < 0)
        throw new BlobRefused(`it unpacks to far more than it is: ${entry.fileName} goes beyond it`);
      sum = crc32(chunk, sum);
      yield chunk;
    }
  } catch (error) {
    refuse(error);
  }
  if (sum !== entry.crc32) throw new BlobRefused(`${entry.fileName} is damaged: its checksum does not match`);
}

function refuse(error: unknown): never {
  if (error instanceof BlobRefused) throw error;
  throw new BlobRefused(error instanceof Error ? error.message : String(error), { cause: error });
}
