import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { blobLimits, BlobRefused, openBlob } from '../../../coordinator/reports/blob-zip.ts';
import { tempFolder } from '../../support/folders.ts';
import { writeZip } from './zips.ts';

const NAME = 'resources/0123456789abcdef.png';
const LOG: [string, Buffer] = ['report.jsonl', Buffer.from('{"method":"onBlobReportMetadata"}\n')];

async function open(...entries: [string, string][]) {
  const file = path.join(tempFolder(), 'report.zip');
  await writeZip(file, [LOG, ...entries.map(([name, text]): [string, Buffer] => [name, Buffer.from(text)])]);
  return openBlob(file, blobLimits);
}

test('an attachment that several attempts have, and that Playwright therefore wrote several times, is read as one', async () => {
  const blob = await open([NAME, 'the same picture'], ['resources/other.txt', 'other'], [NAME, 'the same picture']);
  expect((await buffer(blob.resource(NAME)!)).toString()).toBe('the same picture');
  expect((await buffer(blob.resource('resources/other.txt')!)).toString()).toBe('other');
  for await (const event of blob.events()) expect(event).toBe('{"method":"onBlobReportMetadata"}');
  blob.close();
});

test.each([
  ['an attachment of the same name with other bytes', [NAME, 'one picture'], [NAME, 'two picture']],
  ['an attachment of the same name with more bytes', [NAME, 'picture'], [NAME, 'picture, and more']],
  ['the same file twice that is no attachment', ['notes.txt', 'same'], ['notes.txt', 'same']],
] satisfies [string, [string, string], [string, string]][])('%s is refused', async (_, first, second) => {
  const refusal = open(first, second);
  await expect(refusal).rejects.toThrow(BlobRefused);
  await expect(refusal).rejects.toThrow(`it holds ${first[0]} twice`);
});
