import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeFrames,
  encodeFrame,
  FrameError,
  MAX_BATCHED_BLOB_BYTES,
  type Frame,
} from '../../../shared/protocol/blobs.ts';

async function decode(chunks: Uint8Array[]): Promise<Frame[]> {
  const frames: Frame[] = [];
  async function* each(): AsyncGenerator<Uint8Array> {
    yield* chunks;
  }
  for await (const frame of decodeFrames(each())) frames.push({ ...frame, bytes: Buffer.from(frame.bytes) });
  return frames;
}

const frame = fc.record({
  sha256: fc.stringMatching(/^[0-9a-f]{64}$/),
  bytes: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
});

test('frames come out as they went in, however the body is cut into chunks', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(frame, { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }),
      async (frames, cuts) => {
        const body = Buffer.concat(frames.map(encodeFrame));
        const chunks: Uint8Array[] = [];
        for (let at = 0, i = 0; at < body.length; i++) {
          const size = cuts[i % cuts.length]!;
          chunks.push(body.subarray(at, at + size));
          at += size;
        }
        expect(await decode(chunks)).toEqual(frames);
      },
    ),
  );
});

test('a body that ends inside a frame is an error at every place it can be cut', async () => {
  const body = Buffer.concat([
    encodeFrame({ sha256: 'a'.repeat(64), bytes: Buffer.from('xyz') }),
    encodeFrame({ sha256: 'b'.repeat(64), bytes: Buffer.alloc(0) }),
  ]);
  const whole = new Set([0, 39, body.length]);
  for (let end = 0; end <= body.length; end++) {
    const decoded = decode([body.subarray(0, end)]);
    if (whole.has(end)) await expect(decoded).resolves.toHaveLength([...whole].indexOf(end));
    else await expect(decoded).rejects.toBeInstanceOf(FrameError);
  }
});

test('a frame that claims to be larger than a batched blob may be is refused before its bytes are held', async () => {
  const head = encodeFrame({ sha256: 'a'.repeat(64), bytes: Buffer.alloc(0) });
  new DataView(head.buffer).setUint32(32, MAX_BATCHED_BLOB_BYTES + 1);
  await expect(decode([head])).rejects.toThrow(/larger than 262144 go alone/);
});
