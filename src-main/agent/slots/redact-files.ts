/** Takes secrets out of files that are text, before they leave the machine. What is no text (traces, videos, pictures) stays as it is. */
import { createWriteStream } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { StringDecoder } from 'node:string_decoder';
import type { Redactor } from '../../../shared/base/redact.ts';
import type { LocalAttachment, LocalAttempt } from '../../../shared/protocol/playwright.ts';
import type { TestUser } from '../test-user.ts';
import { EventRedactor } from './redact-events.ts';

const TEXT_NAME = /\.(jsonl?|md|txt|log|csv|xml|ya?ml)$/i;
const TEXT_TYPE = /^(text\/|application\/(json|xml|x-ndjson|yaml))/i;
/** Larger texts are not attachments that a page or a response left behind. */
const MOST_BYTES = 20 * 1024 * 1024;

/** `user`: whose the files are. `workDir`: of the attempt. */
export async function redactAttachments(
  attempt: LocalAttempt,
  redactor: Redactor,
  user: TestUser,
  workDir: string,
): Promise<LocalAttempt> {
  const folder = await user.ownFolder(workDir);
  const attachments = await Promise.all(
    attempt.attachments.map((one) => redactAttachment(one, redactor, user, folder)),
  );
  return { ...attempt, attachments };
}

let copies = 0;

async function redactAttachment(
  one: LocalAttachment,
  redactor: Redactor,
  user: TestUser,
  folder: string,
): Promise<LocalAttachment> {
  if (!TEXT_TYPE.test(one.contentType) && !TEXT_NAME.test(one.path ?? one.name)) return one;
  if (one.bodyBase64 !== undefined) {
    const text = Buffer.from(one.bodyBase64, 'base64').toString('utf8');
    const clean = redactor.text(text);
    return clean === text ? one : { ...one, bodyBase64: Buffer.from(clean).toString('base64') };
  }
  if (one.path === undefined) return one;
  // What is missing, no file or not the user's own is told where it is taken up.
  const text = await readText(one.path, user).catch(() => null);
  if (text === null) return one;
  const clean = redactor.text(text);
  if (clean === text) return one;
  const file = path.join(folder, `redacted-${copies++}${path.extname(one.path)}`);
  await writeFile(file, clean, { mode: 0o600 });
  return { ...one, path: file };
}

async function readText(file: string, user: TestUser): Promise<string | null> {
  await using handle = await user.open(file);
  const info = await handle.stat();
  return info.isFile() && info.size <= MOST_BYTES ? handle.readFile('utf8') : null;
}

/** Rewrites a blob report (zip) in place: its log of events, and the texts among its files. */
export async function redactBlob(file: string, redactor: Redactor): Promise<void> {
  const [{ default: yauzl }, { default: yazl }] = await Promise.all([import('yauzl'), import('yazl')]);
  const from = await yauzl.openPromise(file, { autoClose: false });
  try {
    const to = new yazl.ZipFile();
    const failed = new Promise<never>((_, reject) => to.on('error', reject));
    for await (const entry of from.eachEntry()) {
      const isText = TEXT_NAME.test(entry.fileName);
      to.addReadStreamLazy(entry.fileName, { compress: entry.compressionMethod !== 0 }, (callback) => {
        from.openReadStreamPromise(entry).then(
          (stream) => callback(null, isText ? stream.pipe(redacting(stream, entry.fileName, redactor)) : stream),
          (error: Error) => callback(error, null as never),
        );
      });
    }
    const clean = `${file}.clean`;
    to.end();
    await Promise.race([pipeline(to.outputStream as Readable, createWriteStream(clean, { mode: 0o600 })), failed]);
    await rename(clean, file);
  } finally {
    from.close();
  }
}

function redacting(source: Readable, name: string, redactor: Redactor): Transform {
  const decoder = new StringDecoder('utf8');
  const stream = isEventLog(name) ? new EventRedactor(redactor) : redactor.stream();
  const transform = new Transform({
    transform: (chunk: Buffer, _encoding, done) => done(null, stream.write(decoder.write(chunk))),
    flush: (done) => done(null, stream.write(decoder.end()) + stream.end()),
  });
  // pipe() does not pass errors on.
  source.on('error', (error) => transform.destroy(error));
  return transform;
}

/** As the blob reporter names it; resources lie in folders. */
const isEventLog = (name: string): boolean => name.endsWith('.jsonl') && !name.includes('/');
