/** A backup as one file: a plain tar of its files, which any tar program opens too. Streams: nothing is held in memory as a whole. */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DamagedBackupError } from './failures.ts';

const BLOCK = 512;
/** Of the octal field; larger sizes are written in binary, as GNU tar does. */
const LARGEST_OCTAL = 8 ** 11 - 1;

export interface TarEntry {
  /** Below the archive's root, with `/`; at most 99 bytes of ASCII. */
  name: string;
  /** Exactly so many bytes must be in the file. */
  size: number;
  /** Absolute path. */
  file: string;
}

/** How many bytes `packTar` yields for these. */
export function tarSize(entries: readonly Pick<TarEntry, 'size'>[]): number {
  return entries.reduce((sum, { size }) => sum + BLOCK + padded(size), 0) + 2 * BLOCK;
}

/** Throws where a file is not as long as its entry says. */
export async function* packTar(entries: readonly TarEntry[]): AsyncGenerator<Uint8Array> {
  for (const { name, size, file } of entries) {
    yield headOf(name, size);
    let sent = 0;
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
      sent += chunk.length;
      if (sent > size) break;
      yield chunk;
    }
    if (sent !== size) throw new DamagedBackupError(`${name} is not as long as it was when the backup was taken.`);
    yield Buffer.alloc(padded(size) - size);
  }
  yield Buffer.alloc(2 * BLOCK);
}

/**
 * Writes the files of a tar into a folder that has none of them. Throws DamagedBackupError where it is no tar of ours: cut off, changed heads, or names
 * that lead elsewhere.
 */
export async function unpackTar(content: AsyncIterable<Uint8Array>, folder: string): Promise<void> {
  const source = new Bytes(content);
  for (;;) {
    const head = await source.exactly(BLOCK, 'in the middle');
    if (head.every((byte) => byte === 0)) return;
    const { name, size } = readHead(head);
    const file = path.join(folder, ...name.split('/'));
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    await pipeline(source.next(size, name), createWriteStream(file, { flags: 'wx', mode: 0o600 }));
    await source.exactly(padded(size) - size, `behind ${name}`);
  }
}

function headOf(name: string, size: number): Buffer {
  const head = Buffer.alloc(BLOCK);
  if (name.length > 99) throw new Error(`${name} is too long a name for a backup.`);
  head.write(name, 0, 'ascii');
  head.write('0000600\0', 100);
  head.write('0000000\0', 108);
  head.write('0000000\0', 116);
  if (size <= LARGEST_OCTAL) head.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  else {
    head.writeUInt8(0x80, 124);
    head.writeBigUInt64BE(BigInt(size), 128);
  }
  head.write('00000000000\0', 136);
  head.write('0', 156);
  head.write('ustar\x0000', 257);
  head.write(`${checksum(head).toString(8).padStart(6, '0')}\0 `, 148);
  return head;
}

function readHead(head: Buffer): { name: string; size: number } {
  const text = (from: number, to: number) => head.toString('latin1', from, to).replace(/[\0 ]+$/, '');
  const name = text(0, 100);
  const sum = Number.parseInt(text(148, 156), 8);
  if (sum !== checksum(head))
    throw new DamagedBackupError('The file is no backup, or is damaged: a head in it is not whole.');
  const size = head.readUInt8(124) === 0x80 ? Number(head.readBigUInt64BE(128)) : Number.parseInt(text(124, 136), 8);
  const isOurs =
    /^[\w.-]+(\/[\w.-]+)*$/.test(name) && !name.split('/').includes('..') && !name.split('/').includes('.');
  const isFile = text(156, 157) === '0' || text(156, 157) === '';
  if (!isOurs || !isFile || !Number.isSafeInteger(size))
    throw new DamagedBackupError(`The file is no backup of Playfleet: it holds ${JSON.stringify(name.slice(0, 100))}.`);
  return { name, size };
}

/** Over the head, its own field taken as spaces. */
function checksum(head: Buffer): number {
  return head.reduce((sum, byte, i) => sum + (i >= 148 && i < 156 ? 32 : byte), 0);
}

const padded = (size: number): number => Math.ceil(size / BLOCK) * BLOCK;

/** Takes pieces of given lengths from a stream. */
class Bytes {
  readonly #source: AsyncIterator<Uint8Array>;
  #kept: Uint8Array = new Uint8Array();

  constructor(content: AsyncIterable<Uint8Array>) {
    this.#source = content[Symbol.asyncIterator]();
  }

  async exactly(length: number, where: string): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    for await (const part of this.next(length, where)) parts.push(part);
    return Buffer.concat(parts);
  }

  async *next(length: number, where: string): AsyncGenerator<Uint8Array> {
    for (let left = length; left > 0;) {
      if (this.#kept.length === 0) {
        const next = await this.#source.next();
        if (next.done)
          throw new DamagedBackupError(`The backup was cut off ${where === 'in the middle' ? where : `in ${where}`}.`);
        this.#kept = next.value;
        continue;
      }
      const part = this.#kept.subarray(0, left);
      this.#kept = this.#kept.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }
}
