/**
 * The outbox's files. A line is `crc32 kind rest`, the checksum over all behind it:
 *   `R after {"type":"report","id":…}`   a report as it will be sent; `after` is the SHA-256 that must be uploaded first, or `-`
 *   `A id`                               that report needs no more sending
 * A file is named after the first id it may hold, so that ids go on rising even when nothing is left in it.
 */
import { crc32 } from 'node:zlib';

export const segmentName = (firstId: number): string => `${String(firstId).padStart(15, '0')}.log`;

/** Null for files that are none of ours. */
export function firstIdOf(name: string): number | null {
  return /^[0-9]{15}\.log$/.test(name) ? Number(name.slice(0, 15)) : null;
}

export type Line = { kind: 'report'; after: string | null; text: string } | { kind: 'settled'; id: number };

export function encodeLine(line: Line): Buffer {
  const body = line.kind === 'report' ? `R ${line.after ?? '-'} ${line.text}` : `A ${line.id}`;
  const bytes = Buffer.from(`00000000 ${body}\n`);
  bytes.write(checksum(bytes.subarray(9, -1)), 'latin1');
  return bytes;
}

export interface DecodedLine {
  line: Line;
  /** Where in the file, in bytes. */
  start: number;
  length: number;
}

export interface DecodedSegment {
  lines: DecodedLine[];
  /** Offsets of whole lines that are damaged. */
  damaged: number[];
  /** Behind the last whole line; what follows was being written when the machine or we died, and was never handed over. */
  end: number;
}

export function decodeSegment(bytes: Buffer): DecodedSegment {
  const decoded: DecodedSegment = { lines: [], damaged: [], end: 0 };
  for (let newline = bytes.indexOf(10); newline >= 0; newline = bytes.indexOf(10, decoded.end)) {
    const start = decoded.end;
    const line = decodeLine(bytes.subarray(start, newline));
    decoded.end = newline + 1;
    if (line) decoded.lines.push({ line, start, length: decoded.end - start });
    else decoded.damaged.push(start);
  }
  return decoded;
}

/** `bytes` without the newline; null where they are not what was written. */
export function decodeLine(bytes: Buffer): Line | null {
  const body = bytes.subarray(9);
  if (bytes.length < 11 || bytes.subarray(0, 8).toString('latin1') !== checksum(body)) return null;
  const text = body.toString();
  if (text.startsWith('A ')) return { kind: 'settled', id: Number(text.slice(2)) };
  const space = text.indexOf(' ', 2);
  const after = text.slice(2, space);
  return { kind: 'report', after: after === '-' ? null : after, text: text.slice(space + 1) };
}

const checksum = (bytes: Uint8Array): string => crc32(bytes).toString(16).padStart(8, '0');
