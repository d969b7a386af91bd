/**
 * report.json and report.xml name attachments by where the merge read them, a folder that is gone afterwards. The HTML report keeps a copy
 * of each under the same name (resources.ts), so the two files are pointed there: a report folder can be moved, packed and served whole.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const HTML_DATA = 'html/data/';

/** `resourcesDir` is what the merge read, `outDir` what it wrote. Paths become relative to `outDir`. */
export async function relinkAttachments(outDir: string, resourcesDir: string): Promise<void> {
  const inJson = JSON.stringify(resourcesDir + path.sep).slice(1, -1);
  const inXml = `[[ATTACHMENT|${path.relative(outDir, resourcesDir)}${path.sep}`;
  await replaceInFile(path.join(outDir, 'report.json'), inJson, HTML_DATA);
  await replaceInFile(path.join(outDir, 'report.xml'), inXml, `[[ATTACHMENT|${HTML_DATA}`);
}

async function replaceInFile(file: string, from: string, to: string): Promise<void> {
  const draft = `${file}.draft`;
  await pipeline(
    Readable.from(replaceBytes(createReadStream(file) as AsyncIterable<Buffer>, Buffer.from(from), Buffer.from(to))),
    createWriteStream(draft),
  );
  await rename(draft, file);
}

/** Replaces every `from` in a stream, also where it lies across two chunks. */
export async function* replaceBytes(chunks: AsyncIterable<Buffer>, from: Buffer, to: Buffer): AsyncGenerator<Buffer> {
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes = Buffer.concat([held, chunk]);
    const pieces: Buffer[] = [];
    let start = 0;
    for (let at = bytes.indexOf(from); at !== -1; at = bytes.indexOf(from, start)) {
      pieces.push(bytes.subarray(start, at), to);
      start = at + from.length;
    }
    const end = Math.max(start, bytes.length - from.length + 1);
    pieces.push(bytes.subarray(start, end));
    held = bytes.subarray(end);
    yield Buffer.concat(pieces);
  }
  if (held.length > 0) yield held;
}
