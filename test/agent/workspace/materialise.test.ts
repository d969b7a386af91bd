import { existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { treeProblems, type TreeFile } from '../../../shared/protocol/tree.ts';
import { materialise } from '../../../src-main/agent/workspace/materialise.ts';
import { isWithin } from '../../../src-main/agent/workspace/path-source.ts';
import type { BlobClient } from '../../../src-main/transfer/blob-client.ts';
import { sha256Of } from '../../../src-main/transfer/sha256.ts';
import { tempFolder } from '../../support/folders.ts';

/** Hands out one-letter blobs from memory: only the disk matters here. */
const letters = new Map(['a', 'b', 'c'].map((text) => [sha256Of(text), text]));
const client = {
  readBatch: async (blobs, accept) => {
    for (const { sha256 } of blobs) await accept({ sha256, bytes: Buffer.from(letters.get(sha256)!) });
  },
} as Partial<BlobClient> as BlobClient;

const name = fc.constantFrom('x', 'y', 'z');
const target = fc
  .array(fc.constantFrom('..', '.', 'x', 'y', 'z'), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.join('/'));
const location = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const entry: fc.Arbitrary<TreeFile> = fc.oneof(
  fc.record({
    path: location,
    mode: fc.constantFrom('file' as const, 'exec' as const),
    sha256: fc.constantFrom(...letters.keys()),
    size: fc.constant(1),
  }),
  fc.record({ path: location, mode: fc.constant('link' as const), target }),
);

test('however links of an accepted tree are combined, nothing in it leads out of its folder', async () => {
  const top = tempFolder();
  let round = 0;
  let withLinks = 0;
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(entry, { maxLength: 8, selector: (file) => file.path }), async (files) => {
      fc.pre(treeProblems(files).length === 0);
      const dir = path.join(top, String(round++));
      mkdirSync(dir);
      await materialise({ version: 1, files }, dir, {
        client,
        local: () => undefined,
        signal: new AbortController().signal,
      });
      for (const file of files) {
        const at = path.join(dir, file.path);
        if (file.mode !== 'link') expect(readFileSync(at, 'utf8')).toBe(letters.get(file.sha256));
        else if (existsSync(at)) {
          withLinks += 1;
          expect(isWithin(dir, realpathSync(at))).toBe(true);
        }
      }
    }),
    { numRuns: 300 },
  );
  expect(withLinks).toBeGreaterThan(20);
});
