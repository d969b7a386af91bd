/** Which key seals this machine's copy: one that was given, which the desktop app keeps in the system's safe storage, else one in a file. */
import { randomBytes } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { AgentError, EXIT } from '../errors.ts';

const KEY_BYTES = 32;
/** Of the key as text, with what a shell adds. */
const MOST_GIVEN = 100;

export interface CopyKeys {
  /** null: none was; then `file` seals. */
  given: Uint8Array | null;
  /** Where the key lies, or lay before one was given. */
  file: string;
}

/** A new key, as it is kept and given: base64. */
export const newCopyKey = (): string => randomBytes(KEY_BYTES).toString('base64');

/**
 * The key that whoever has started this program writes to its standard input. Command lines and environments (those that a process began with) are
 * open to other programs of the same user, and tests are such. @throws AgentError where it is no key.
 */
export async function readGivenKey(input: AsyncIterable<Uint8Array | string>): Promise<Uint8Array> {
  let text = '';
  for await (const part of input) {
    text += part.toString();
    if (text.length > MOST_GIVEN) break;
  }
  const bytes = Buffer.from(text.trim(), 'base64');
  if (bytes.length === KEY_BYTES && bytes.toString('base64') === text.trim()) return bytes;
  // What came is not repeated: it may be most of a key.
  throw new AgentError(
    `--copy-key-stdin: standard input must hold the key, ${KEY_BYTES} bytes as base64, and end`,
    EXIT.cannotStart,
  );
}

/** Makes the key where there is none. @throws AgentError where the file is no key. */
export async function openCopyKey(file: string): Promise<Uint8Array> {
  try {
    await using made = await open(file, 'wx', 0o600);
    const bytes = randomBytes(KEY_BYTES);
    await made.writeFile(bytes);
    await made.sync();
    return bytes;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return checked(file, await readFile(file));
}

/** null where there is none. @throws AgentError where the file is no key. */
export async function readCopyKey(file: string): Promise<Uint8Array | null> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  return bytes && checked(file, bytes);
}

function checked(file: string, bytes: Buffer): Uint8Array {
  if (bytes.length === KEY_BYTES) return bytes;
  throw new AgentError(`${file} is not the key of a warm copy: remove it, and a new copy is made`, EXIT.cannotStart);
}
