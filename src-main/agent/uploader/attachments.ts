/** Names an attempt's attachments by content and has their bytes uploaded. */
import type { Attachment, LocalAttachment, LocalAttempt, TestAttempt } from '../../../shared/protocol/playwright.ts';
import type { Stash } from './stash.ts';
import type { Uploader } from './uploader.ts';

export interface AttachmentOptions {
  stash: Stash;
  uploader: Uploader;
  limitBytes: number;
}

/** Never rejects for an attachment's sake: one that cannot be had says so in `missing`. */
export async function attachByContent(attempt: LocalAttempt, options: AttachmentOptions): Promise<TestAttempt> {
  const attachments: Attachment[] = [];
  for (const local of attempt.attachments) attachments.push(await toAttachment(local, options));
  return { ...attempt, attachments };
}

async function toAttachment(
  local: LocalAttachment,
  { stash, uploader, limitBytes }: AttachmentOptions,
): Promise<Attachment> {
  const { name, contentType } = local;
  const without = (missing: string): Attachment => ({ name, contentType, sha256: null, size: 0, missing });
  const tooLarge = `it is larger than the limit of ${Math.floor(limitBytes / 1024 / 1024)} MB of the worker that ran the test`;
  try {
    const stashed =
      local.path !== undefined
        ? await stash.keepFile(local.path, limitBytes)
        : await keepBody(stash, Buffer.from(local.bodyBase64 ?? '', 'base64'), limitBytes);
    if (!stashed) return without(tooLarge);
    uploader.add(stashed);
    return { name, contentType, ...stashed };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return without('the file was gone when the test had ended');
    if (code === 'EISDIR') return without('it is a folder, not a file');
    if (code === 'ENOSPC' || code === 'EDQUOT') return without('the disk of the worker is full');
    return without(`the worker could not read it: ${message}`.slice(0, 1000));
  }
}

async function keepBody(stash: Stash, body: Buffer, limitBytes: number) {
  return body.length > limitBytes ? null : stash.keepBytes(body);
}
