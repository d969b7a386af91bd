/** Events on their way from many blobs into one, kept on disk until all blobs were read. */
import { open } from 'node:fs/promises';

/** A stretch of the spill file, in bytes. */
export interface Chunk {
  offset: number;
  length: number;
}

export interface Spill {
  write(text: string): Promise<Chunk>;
  read(chunk: Chunk): Promise<Buffer>;
  close(): Promise<void>;
}

export async function createSpill(file: string): Promise<Spill> {
  const handle = await open(file, 'wx+');
  let size = 0;
  return {
    async write(text) {
      const bytes = Buffer.from(text);
      const chunk = { offset: size, length: bytes.length };
      size += bytes.length;
      for (let done = 0; done < bytes.length;) {
        const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, chunk.offset + done);
        done += bytesWritten;
      }
      return chunk;
    },
    async read({ offset, length }) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, offset);
      if (bytesRead !== length) throw new Error('the spill file is shorter than what was written to it');
      return buffer;
    },
    close: () => handle.close(),
  };
}
