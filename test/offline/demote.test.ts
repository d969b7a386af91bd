import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { writeHome } from '../../src-main/cli/promotion/notes.ts';
import { cliHome } from '../cli/support/start-cli.ts';
import { tempFolder } from '../support/folders.ts';
import { command } from './support.ts';

const FIGURES = { verified_at: '2026-11-21T17:00:00.000Z', counts: { run: 2 }, hash: 'ab', conflicts: 0 };

test('a deletion that was cut off is done by the next demote, without the promoted coordinator', async () => {
  const dataDir = tempFolder();
  const folder = path.join(dataDir, 'promoted', '2026-11-21T17-00-00-000Z');
  mkdirSync(path.join(folder, 'artifacts'), { recursive: true });
  // What is left where the process was killed: the database is gone, the note is there.
  await writeHome(folder, FIGURES);
  const said = JSON.parse(await command(cliHome(), ['demote', '--json', '--data', dataDir])) as object;
  expect(said).toMatchObject({ ...FIGURES, folder, deleted: true });
  expect(existsSync(folder)).toBe(false);
});
