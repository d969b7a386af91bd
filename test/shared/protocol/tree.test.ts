import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { foldPath, linkProblem, pathProblem } from '../../../shared/base/tree-path.ts';
import { canonicalTree, parseTree, treeProblems, type TreeFile } from '../../../shared/protocol/tree.ts';

const HASH = 'a'.repeat(64);
const file = (name: string): TreeFile => ({ path: name, mode: 'file', sha256: HASH, size: 1 });
const link = (name: string, target: string): TreeFile => ({ path: name, mode: 'link', target });
const bytesOf = (value: unknown): Buffer => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const problemOf = (value: unknown): string | undefined => parseTree(bytesOf(value)).problem;

describe('paths', () => {
  test.each([
    ['', 'is empty'],
    ['/etc/passwd', 'absolute'],
    ['../x', "'..'"],
    ['a/../../x', "'..'"],
    ['a/./b', "'.'"],
    ['a//b', 'empty name'],
    ['a/', 'empty name'],
    ['a\\b', 'backslash'],
    ['C:/x', 'Windows does not take'],
    ['a.txt:stream', 'Windows does not take'],
    ['what?', 'Windows does not take'],
    ['a\0b', 'control'],
    ['a\nb', 'control'],
    ['a\u001b[31m', 'control'],
    ['photo\u202Egnp.exe', 'direction-changing'],
    ['a\u2067b', 'direction-changing'],
    ['.g\u200Cit/config', 'invisible'],
    ['a\uFEFFb', 'invisible'],
    ['a\u2028b', 'control'],
    ['a\uD800b', 'not valid Unicode'],
    ['CON', 'device'],
    ['sub/nul.txt', 'device'],
    ['Com1.log', 'device'],
    ['lpt\u00B9', 'device'],
    ['aux .c', 'device'],
    ['name.', 'dot or a space'],
    ['name /x', 'dot or a space'],
    ['.git/config', 'git folder'],
    ['sub/.GIT/hooks/pre-commit', 'git folder'],
    ['git~1/config', 'git folder'],
    ['u\u0308.txt', 'normal form C'],
    ['n'.repeat(256), 'longer than 255 bytes'],
    ['ü'.repeat(128), 'longer than 255 bytes'],
    [`${'d/'.repeat(512)}x`, 'longer than 1024'],
  ])('%j is refused', (name, reason) => {
    expect(pathProblem(name)).toContain(reason);
    expect(problemOf({ version: 1, files: [file(name)] })).toContain(reason);
  });

  test.each([
    'a',
    '.env',
    '.gitignore',
    'größe/日本語 (1).spec.ts',
    '[id]/page.tsx',
    'console.ts',
    'common',
    '...a',
    '😀.png',
    'a b',
  ])('%j may travel', (name) => expect(pathProblem(name)).toBeNull());

  const names = fc.array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.constantFrom('..', '.', '', 'a', 'CON', 'C:', '\\', '.git', '\0', '~', 'ü'),
    ),
    { maxLength: 5 },
  );
  test('whatever is accepted stays inside its folder on every system, and is one spelling of itself', () => {
    fc.assert(
      fc.property(names, (parts) => {
        const name = parts.join('/');
        if (pathProblem(name) !== null) return;
        expect(path.posix.resolve('/top', name)).toBe(`/top/${name}`);
        expect(path.win32.resolve('C:\\top', name)).toBe(`C:\\top\\${name.replaceAll('/', '\\')}`);
        expect(name.normalize('NFC')).toBe(name);
        expect(foldPath(foldPath(name))).toBe(foldPath(name));
      }),
      { numRuns: 3000 },
    );
  });
});

describe('links', () => {
  test.each([
    ['a', '/etc/passwd', 'absolute'],
    ['a', 'C:\\x', 'backslash'],
    ['a', 'c:x', 'absolute'],
    ['a', '..', 'outside'],
    ['sub/a', '../..', 'outside'],
    ['sub/a', '../../x', 'outside'],
    // Where `deep` is a link to the top, this would lead out although its text stays inside.
    ['a', 'deep/../x', "'..' behind a name"],
    ['a', '', 'nowhere'],
    ['a', 'x\0y', 'control'],
    ['a', '.git/config', 'git folder'],
  ])('%j may not point to %j', (name, target, reason) => {
    expect(linkProblem(name, target)).toContain(reason);
    expect(problemOf({ version: 1, files: [link(name, target)] })).toContain(reason);
  });

  test.each([
    ['a', 'b'],
    ['sub/a', '../b'],
    ['sub/a', './c/d'],
    ['x/y/a', '../../z/'],
  ])('%j may point to %j', (name, target) => expect(linkProblem(name, target)).toBeNull());
});

describe('trees', () => {
  test('two files of one name are refused, also when only case tells them apart', () => {
    expect(treeProblems([file('a'), file('a')])[0]?.problem).toBe('is listed twice');
    expect(treeProblems([file('README.md'), file('readme.md')])[0]).toMatchObject({ path: 'readme.md' });
    expect(treeProblems([file('straße'), file('STRASSE')])).toHaveLength(1);
  });

  test('a file under a file or a link is refused, also when only case tells them apart', () => {
    expect(treeProblems([file('a'), file('a/b')])[0]?.problem).toContain("lies under 'a', which is a file");
    expect(treeProblems([link('a', 'x'), file('a/b/c')])[0]?.problem).toContain('a symbolic link');
    expect(treeProblems([file('A/b'), link('a', 'x')])[0]?.problem).toContain('a symbolic link');
    expect(treeProblems([file('A/b'), file('a/c')])).toEqual([]);
  });

  test.each([
    ['not JSON', '{', 'not JSON'],
    ['invalid UTF-8', Buffer.from([0xff]), 'not JSON'],
    ['a byte order mark', `\ufeff${canonicalTree([])}`, 'not JSON'],
    ['a newer version', { version: 2, files: [] }, 'version 2 is not known here'],
    ['no version', { files: [] }, 'not a tree'],
    ['null', null, 'not a tree'],
    ['an unknown field', { version: 1, files: [], more: 1 }, 'not a tree'],
    ['an unknown mode', { version: 1, files: [{ ...file('a'), mode: 'device' }] }, 'not a tree'],
    ['a bad hash', { version: 1, files: [{ ...file('a'), sha256: 'A'.repeat(64) }] }, 'not a tree'],
    ['a negative size', { version: 1, files: [{ ...file('a'), size: -1 }] }, 'not a tree'],
    ['a link without a target', { version: 1, files: [{ path: 'a', mode: 'link' }] }, 'not a tree'],
    ['__proto__', '{"version":1,"files":[],"__proto__":{"x":1}}', 'not'],
    ['spaces', '{"version":1, "files":[]}', 'canonical'],
    [
      'files out of order',
      `{"version":1,"files":[${JSON.stringify(file('b'))},${JSON.stringify(file('a'))}]}`,
      'canonical',
    ],
  ])('%s is refused', (_, value, reason) => {
    expect(Buffer.isBuffer(value) ? parseTree(value).problem : problemOf(value)).toContain(reason);
  });

  const goodName = fc.stringMatching(/^[a-z]{1,3}$/);
  const goodPath = fc.array(goodName, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
  const anyFile: fc.Arbitrary<TreeFile> = fc.oneof(
    fc.record({
      path: goodPath,
      mode: fc.constantFrom('file' as const, 'exec' as const),
      sha256: fc.stringMatching(/^[0-9a-f]{64}$/),
      size: fc.nat(),
    }),
    fc.record({ path: goodPath, mode: fc.constant('link' as const), target: goodName }),
  );

  test('the canonical form does not depend on order, and reads back as the same tree', () => {
    fc.assert(
      fc.property(
        fc.array(anyFile, { maxLength: 6 }),
        fc.array(fc.nat(), { minLength: 6, maxLength: 6 }),
        (files, chance) => {
          const shuffled = files
            .map((entry, index) => ({ entry, at: chance[index]! }))
            .sort((a, b) => a.at - b.at)
            .map(({ entry }) => entry);
          fc.pre(treeProblems(files).length === 0);
          const text = canonicalTree(files);
          expect(canonicalTree(shuffled)).toBe(text);
          const { tree } = parseTree(Buffer.from(text));
          expect(tree).toBeDefined();
          expect(canonicalTree(tree!.files)).toBe(text);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('changing one byte of a canonical form gives another tree or none, never the same one', () => {
    const text = canonicalTree([file('a'), file('b/c'), link('d', 'a')]);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.nat(255), (at, byte) => {
        const bytes = Buffer.from(text);
        fc.pre(bytes[at] !== byte);
        bytes[at] = byte;
        const { tree } = parseTree(bytes);
        if (tree) expect(canonicalTree(tree.files)).not.toBe(text);
      }),
    );
  });
});
