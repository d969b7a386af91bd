import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../shared/base/clock.ts';
import { DemotionPart } from '../../../src-main/desktop/parts/demotion-part.ts';
import type { HomeFigures } from '../../../src-main/desktop/parts/home-figures.ts';
import {
  PromotionPart,
  type Promoted,
  type PromotionSettings,
} from '../../../src-main/desktop/parts/promotion-part.ts';
import { isAlive } from '../../support/is-alive.ts';
import { tempFolder } from '../../support/folders.ts';

const FIGURES: HomeFigures = { verified_at: '2026-11-21T17:00:00.000Z', counts: { run: 2 }, hash: 'ab', conflicts: 1 };
const LISTENING = {
  type: 'promoted',
  url: 'https://localhost:4800',
  addresses: ['https://192.168.1.7:4800'],
  pin: 'pfp_x',
  join: 'https://192.168.1.7:4800#pfj_secret',
  folder: '/promoted/1',
  resumed: false,
  lacks: ['mails'],
};

/** In the place of the program; what it was started with is its first line. */
function programs(script: string) {
  const cli = path.join(tempFolder(), 'cli.mjs');
  writeFileSync(cli, `console.log('args ' + process.argv.slice(2).join(' '));\n${script}`);
  return { node: process.execPath, cli, env: { PATH: process.env.PATH } };
}

const LISTENS = `console.log(${JSON.stringify(JSON.stringify(LISTENING))});
process.on('disconnect', () => process.exit(0)); setInterval(() => {}, 1e6);`;

function promotion(script: string, settings: () => Promise<PromotionSettings> = async () => SETTINGS) {
  const lines: string[] = [];
  const heard: Promoted[] = [];
  const home: HomeFigures[] = [];
  const part = new PromotionPart({
    programs: programs(script),
    settings,
    clock: systemClock,
    random: () => 0,
    onLine: (line) => lines.push(line),
    onChange: () => undefined,
    onPromoted: (promoted) => heard.push(promoted),
    onHome: (figures) => {
      home.push(figures);
      void part.stop();
    },
  });
  onTestFinished(() => part.stop());
  return { part, lines, heard, home };
}

const SETTINGS: PromotionSettings = {
  dataDir: '/workers/mill',
  host: '0.0.0.0',
  port: null,
  secrets: false,
  copyKey: null,
};

test('it is started without secrets unless that was said, and what it says when it listens is in no log', async () => {
  const { part, lines, heard } = promotion(LISTENS);
  part.start();
  await expect.poll(() => part.state.state, { timeout: 20_000 }).toBe('running');
  expect(lines).toEqual(['args promote --json --without-secrets --data /workers/mill --host 0.0.0.0']);
  expect(heard).toHaveLength(1);
  expect(part.promoted).toMatchObject({ url: LISTENING.url, addresses: LISTENING.addresses, lacks: ['mails'] });
  const pid = part.pid!;
  await part.stop();
  expect([part.promoted, isAlive(pid)]).toEqual([null, false]);
});

test('secrets and the port that it had are asked for anew at each start; one that is killed is back by itself', async () => {
  let settings: PromotionSettings = { ...SETTINGS, secrets: true };
  const { part, lines, heard } = promotion(LISTENS, async () => settings);
  part.start();
  await expect.poll(() => heard.length, { timeout: 20_000 }).toBe(1);
  settings = { ...settings, port: 4812 };
  process.kill(part.pid!, 'SIGKILL');
  await expect.poll(() => part.state.failures, { timeout: 20_000 }).toBe(1);
  expect(part.promoted).toBeNull();
  await expect.poll(() => heard.length, { timeout: 20_000 }).toBe(2);
  expect(lines).toEqual([
    'args promote --json --with-secrets --data /workers/mill --host 0.0.0.0',
    'args promote --json --with-secrets --data /workers/mill --host 0.0.0.0 --port 4812',
  ]);
});

test('the key of the copy reaches it by its standard input, and neither its command line nor its environment', async () => {
  const told = `process.stdin.setEncoding('utf8').on('data', (text) => console.log('read ' + text)).on('end', () => {
    console.log('env ' + JSON.stringify(process.env));
    ${LISTENS}
  });`;
  const { part, lines } = promotion(told, async () => ({ ...SETTINGS, copyKey: 'c2VjcmV0' }));
  part.start();
  await expect.poll(() => part.state.state, { timeout: 20_000 }).toBe('running');
  expect(lines.slice(0, 2)).toEqual([
    'args promote --json --without-secrets --data /workers/mill --host 0.0.0.0 --copy-key-stdin',
    'read c2VjcmV0',
  ]);
  expect(lines[2]).toMatch(/^env /);
  expect(lines[2]).not.toContain('c2VjcmV0');
});

test('when all is at home it ends, and is not started again: that would be another promotion', async () => {
  const home = JSON.stringify({ type: 'home', ...FIGURES });
  const {
    part,
    lines,
    home: told,
  } = promotion(`console.log(${JSON.stringify(JSON.stringify(LISTENING))}); console.log(${JSON.stringify(home)});`);
  part.start();
  await expect.poll(() => told, { timeout: 20_000 }).toEqual([FIGURES]);
  await part.stop();
  expect(part.state).toMatchObject({ state: 'off', failures: 0 });
  expect(lines.filter((line) => line.startsWith('args'))).toHaveLength(1);
});

test('what it refuses is told in its own words', async () => {
  const failure = { type: 'failure', message: 'This machine keeps no copy.', mend: 'Ask an admin.', exit_code: 2 };
  const { part } = promotion(`console.log(${JSON.stringify(JSON.stringify(failure))}); process.exit(2);`);
  part.start();
  await expect.poll(() => part.state.problem, { timeout: 20_000 }).toBe('This machine keeps no copy. Ask an admin.');
  expect(part.state.state).toBe('waiting');
});

test('bringing home: its answer over several lines is read, once for each promotion that was deleted', async () => {
  const answer = (folder: string) => JSON.stringify({ version: 1, ...FIGURES, folder, deleted: true }, null, 2);
  const script = ['/promoted/0', '/promoted/1'].map((one) => `console.log(${JSON.stringify(answer(one))});`).join('');
  const deleted: [string, HomeFigures][] = [];
  const lines: string[] = [];
  const part = new DemotionPart({
    programs: programs(`${script} setInterval(() => {}, 1e6); process.on('disconnect', () => process.exit(0));`),
    settings: async () => ({ dataDir: '/workers/mill', now: true }),
    clock: systemClock,
    random: () => 0,
    onLine: (line) => lines.push(line),
    onChange: () => undefined,
    onDeleted: (...told) => deleted.push(told),
  });
  onTestFinished(() => part.stop());
  part.start();
  await expect
    .poll(() => deleted.map(([folder]) => folder), { timeout: 20_000 })
    .toEqual(['/promoted/0', '/promoted/1']);
  expect(deleted[1]?.[1]).toEqual(FIGURES);
  expect(lines[0]).toBe('args demote --json --now --data /workers/mill');
});
