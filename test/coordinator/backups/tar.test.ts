import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { packTar, tarSize, unpackTar } from '../../../coordinator/backups/tar.ts';
import { readFiles, tempFolder, writeFiles } from '../../support/folders.ts';

async function packed(files: Record<string, Buffer>): Promise<Buffer> {
  const folder = tempFolder();
  writeFiles(folder, files);
  const entries = Object.entries(files).map(([name, bytes]) => ({
    name,
    size: bytes.length,
    file: path.join(folder, name),
  }));
  const parts: Uint8Array[] = [];
  for await (const part of packTar(entries)) parts.push(part);
  const tar = Buffer.concat(parts);
  expect(tar.length).toBe(tarSize(entries));
  return tar;
}

async function* inPieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 777) yield bytes.subarray(at, at + 777);
}

const FILES = {
  'a/manifest.json': Buffer.from('{}'),
  'a/empty': Buffer.alloc(0),
  'artifacts/ab/abcd': randomBytes(5000),
};

test('files come back as they were, and tar itself opens it', async () => {
  const tar = await packed(FILES);
  const to = tempFolder();
  await unpackTar(inPieces(tar), to);
  const expected = Object.fromEntries(Object.entries(FILES).map(([name, bytes]) => [name, bytes.toString('latin1')]));
  expect(readFiles(to)).toEqual(expected);
  const other = tempFolder();
  writeFileSync(path.join(other, 'it.tar'), tar);
  execFileSync('tar', ['-xf', 'it.tar'], { cwd: other });
  expect(readFileSync(path.join(other, 'artifacts/ab/abcd')).equals(FILES['artifacts/ab/abcd'])).toBe(true);
});

test('one that is cut off anywhere, or holds names that lead elsewhere, is refused', async () => {
  const tar = await packed(FILES);
  for (const length of [0, 100, 512, 513, 1024, 3000, tar.length - 1024])
    await expect(unpackTar(inPieces(tar.subarray(0, length)), tempFolder()), String(length)).rejects.toThrow(
      /was cut off/,
    );
  await expect(unpackTar(inPieces(randomBytes(4096)), tempFolder())).rejects.toThrow('no backup, or is damaged');
  for (const name of ['../escaped', '/etc/passwd', 'a/../../b', './a']) {
    const folder = tempFolder();
    const evil = path.join(folder, 'evil.tar');
    writeFileSync(path.join(folder, 'x'), 'x');
    execFileSync('tar', ['--absolute-names', `--transform=s|^x$|${name}|`, '-cf', evil, 'x'], { cwd: folder });
    await expect(unpackTar(inPieces(readFileSync(evil)), tempFolder()), name).rejects.toThrow('no backup of Playfleet');
  }
});
