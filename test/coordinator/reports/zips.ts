/** Takes blobs apart and puts them together again, also in ways that no honest program does. */
import { readFileSync, writeFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import yauzl from 'yauzl';
import yazl from 'yazl';

export type Entries = Map<string, Buffer>;

export async function readZip(file: string): Promise<Entries> {
  const zip = await yauzl.openPromise(file, { autoClose: false });
  const entries: Entries = new Map();
  for await (const entry of zip.eachEntry())
    entries.set(entry.fileName, await buffer(await zip.openReadStreamPromise(entry)));
  zip.close();
  return entries;
}

export async function writeZip(file: string, entries: Iterable<[string, Buffer]>): Promise<void> {
  const zip = new yazl.ZipFile();
  for (const [name, bytes] of entries) zip.addBuffer(bytes, name);
  zip.end();
  writeFileSync(file, await buffer(zip.outputStream));
}

/** An event as far as tests change it. */
export interface AnyEvent {
  method: string;
  params?: {
    version?: number;
    pathSeparator?: string;
    config?: { rootDir: string; [key: string]: unknown };
    project?: { name: string; [key: string]: unknown };
    test?: { testId: string; [key: string]: unknown };
    testId?: string;
    result?: { id: string; errors?: unknown; [key: string]: unknown };
    step?: { title?: string; location?: unknown; [key: string]: unknown };
    [key: string]: unknown;
  };
}

/** Copies a blob with its event log changed. */
export async function editEvents(from: string, to: string, edit: (events: AnyEvent[]) => AnyEvent[]): Promise<void> {
  const entries = await readZip(from);
  const events = entries
    .get('report.jsonl')!
    .toString('utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as AnyEvent);
  entries.set(
    'report.jsonl',
    Buffer.from(
      edit(events)
        .map((event) => `${JSON.stringify(event)}\n`)
        .join(''),
    ),
  );
  await writeZip(to, entries);
}

/** Copies a file with every occurrence of `from` replaced by `to`, of the same length: names inside a zip, past any check of the zipper. */
export function replaceBytes(file: string, copy: string, from: string, to: string): void {
  if (from.length !== to.length) throw new Error('the two must be of the same length');
  writeFileSync(copy, readFileSync(file, 'latin1').replaceAll(from, to), 'latin1');
}

/** Copies a file with one bit flipped at `offset`. */
export function flipBit(file: string, copy: string, offset: number): void {
  const bytes = readFileSync(file);
  bytes[offset]! ^= 1;
  writeFileSync(copy, bytes);
}
