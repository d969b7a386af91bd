import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';
import { freshDatabase, temporaryFolder } from './fresh.ts';
import { spawnChild, type Child } from './spawn-child.ts';

// Makes the kernel answer with errors. Not everywhere may a process trace another.
const canTrace = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;
const failing = (file: string, calls: string, fault: string): string[] => {
  const paths = ['-P', file, '-P', `${file}-wal`];
  return [
    'strace',
    '-f',
    '--seccomp-bpf',
    '-qq',
    '-o',
    `${file}.trace`,
    ...paths,
    '-e',
    calls,
    '-e',
    `inject=${calls}:${fault}`,
  ];
};

function outcome({ lines }: Child): { stored: string[]; refused: string[] } {
  const after = (word: string): string[] =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  return { stored: after('stored'), refused: after('refused') };
}

test.skipIf(!canTrace).for<[string, string, string]>([
  ['syncing', 'fdatasync,fsync', 'error=EIO:when=12..15'],
  ['writing', 'pwrite64', 'error=EIO:when=400..403'],
  ['writing for want of space', 'pwrite64', 'error=ENOSPC:when=400..403'],
])(
  'when the disk fails at %s, only what is on it was acknowledged, and work goes on without a restart',
  async ([, calls, fault]) => {
    const file = path.join(temporaryFolder(), 'playfleet.db');
    const child = spawnChild('write-large', file, failing(file, calls, fault));
    await child.ended;
    const { stored, refused } = outcome(child);
    console.log(`${calls} ${fault}: ${stored.length} acknowledged, ${refused.length} refused`);
    expect(refused.length).toBeGreaterThan(0);
    for (const line of refused) expect(line).toMatch(/ StorageFullError$/);
    expect(stored.length + refused.length).toBe(120);
    // Work went on behind the last refusal.
    expect(child.lines.at(-1)).toBe('closed');
    expect(child.lines.at(-2)).toMatch(/^stored /);

    const database = await freshDatabase({ file });
    const rows = await database.read((r) => r.all<{ name: string }>('SELECT name FROM items ORDER BY id'));
    expect(rows.map(({ name }) => name)).toEqual(stored);
    const check = await database.read((r) => r.all('SELECT integrity_check FROM pragma_integrity_check'));
    expect(check).toEqual([{ integrity_check: 'ok' }]);
  },
);

test.skipIf(!canTrace)(
  'what the disk cannot read from the log is not copied into the database as garbage',
  async () => {
    const file = path.join(temporaryFolder(), 'playfleet.db');
    const child = spawnChild('write-large', file, failing(file, 'pread64', 'error=EIO:when=60..80'));
    await child.ended;
    const { stored } = outcome(child);
    const injected = spawnSync('grep', ['-c', 'INJECTED', `${file}.trace`], { encoding: 'utf8' }).stdout.trim();
    console.log(`${injected} reads failed, ${stored.length} acknowledged`);
    expect(Number(injected)).toBeGreaterThan(0);
    const database = await freshDatabase({ file });
    const check = await database.read((r) => r.all('SELECT integrity_check FROM pragma_integrity_check'));
    expect(check).toEqual([{ integrity_check: 'ok' }]);
    const rows = await database.read((r) =>
      r.all<{ name: string }>('SELECT name FROM items WHERE length(value) = 50000 ORDER BY id'),
    );
    expect(rows.map(({ name }) => name)).toEqual(stored);
  },
);
