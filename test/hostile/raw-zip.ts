/** Zips as no honest program writes them: every field of every header can lie. */
import { crc32, deflateRawSync } from 'node:zlib';

export interface RawEntry {
  name: string;
  /** Unpacked. */
  data?: Buffer;
  /** Packed already; `data` is then only for sums. */
  packed?: Buffer;
  stored?: boolean;
  /** What the headers say instead of the truth. */
  says?: { crc?: number; size?: number; packedSize?: number; localName?: string; offset?: number; flags?: number };
  /** Unix mode, as in a link: 0o120777. */
  mode?: number;
  /** Has no bytes of its own: those of the entry before count for it, too. */
  overlaps?: boolean;
}

export function rawZip(entries: readonly RawEntry[], says: { count?: number } = {}): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  let last = 0;
  for (const entry of entries) {
    const data = entry.data ?? Buffer.alloc(0);
    const packed = entry.packed ?? (entry.stored === true ? data : deflateRawSync(data));
    const fields = {
      flags: entry.says?.flags ?? 0,
      method: entry.stored === true ? 0 : 8,
      crc: entry.says?.crc ?? crc32(data),
      packedSize: entry.says?.packedSize ?? packed.length,
      size: entry.says?.size ?? data.length,
    };
    const local = header(0x04034b50, fields, entry.says?.localName ?? entry.name);
    const at = entry.overlaps === true ? last : offset;
    directory.push(directoryEntry(fields, entry.name, entry.says?.offset ?? at, entry.mode ?? 0o100644));
    if (entry.overlaps === true) continue;
    files.push(local, packed);
    last = offset;
    offset += local.length + packed.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  const count = Math.min(says.count ?? entries.length, 0xffff);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(offset, 16);
  const tail =
    (says.count ?? entries.length) > 0xffff ? zip64End(says.count ?? entries.length, list.length, offset) : [];
  return Buffer.concat([...files, list, ...tail, end]);
}

interface Fields {
  flags: number;
  method: number;
  crc: number;
  packedSize: number;
  size: number;
}

function header(signature: number, { flags, method, crc, packedSize, size }: Fields, name: string): Buffer {
  const bytes = Buffer.alloc(30);
  bytes.writeUInt32LE(signature, 0);
  bytes.writeUInt16LE(20, 4);
  bytes.writeUInt16LE(flags, 6);
  bytes.writeUInt16LE(method, 8);
  bytes.writeUInt32LE(crc, 14);
  bytes.writeUInt32LE(packedSize, 18);
  bytes.writeUInt32LE(size, 22);
  const text = Buffer.from(name);
  bytes.writeUInt16LE(text.length, 26);
  return Buffer.concat([bytes, text]);
}

function directoryEntry(fields: Fields, name: string, offset: number, mode: number): Buffer {
  const bytes = Buffer.alloc(46);
  bytes.writeUInt32LE(0x02014b50, 0);
  // Made on Unix, so that the mode counts.
  bytes.writeUInt16LE((3 << 8) | 20, 4);
  bytes.writeUInt16LE(20, 6);
  bytes.writeUInt16LE(fields.flags, 8);
  bytes.writeUInt16LE(fields.method, 10);
  bytes.writeUInt32LE(fields.crc, 16);
  bytes.writeUInt32LE(fields.packedSize, 20);
  bytes.writeUInt32LE(fields.size, 24);
  const text = Buffer.from(name);
  bytes.writeUInt16LE(text.length, 28);
  bytes.writeUInt32LE((mode << 16) >>> 0, 38);
  bytes.writeUInt32LE(offset, 42);
  return Buffer.concat([bytes, text]);
}

/** More entries than two bytes can count. */
function zip64End(count: number, size: number, offset: number): Buffer[] {
  const end = Buffer.alloc(56);
  end.writeUInt32LE(0x06064b50, 0);
  end.writeBigUInt64LE(44n, 4);
  end.writeUInt16LE(45, 12);
  end.writeUInt16LE(45, 14);
  end.writeBigUInt64LE(BigInt(count), 24);
  end.writeBigUInt64LE(BigInt(count), 32);
  end.writeBigUInt64LE(BigInt(size), 40);
  end.writeBigUInt64LE(BigInt(offset), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(offset + size), 8);
  locator.writeUInt32LE(1, 16);
  return [end, locator];
}
