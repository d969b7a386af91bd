/** Several coordinators of one machine: each with its own key and reports, one of them active, and an agent that goes over. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { FIRST, folderOf } from '../../../src-main/agent/coordinators/folders.ts';
import {
  activate,
  activeId,
  changeStandIns,
  countWaiting,
  forget,
  idFor,
  listRemembered,
  readStandIns,
  rememberActive,
} from '../../../src-main/agent/coordinators/remembered.ts';
import { NOBODY, standInOf, workAtHome, workFor } from '../../../src-main/agent/coordinators/stand-ins.ts';
import { isInUse, openDataDir } from '../../../src-main/agent/data-dir.ts';
import { enrolMore } from '../../../src-main/agent/enrol-more.ts';
import { writeKey } from '../../../src-main/agent/key-file.ts';
import { runAgent } from '../../../src-main/agent/main.ts';
import { FakeCoordinator, JOIN_TOKEN } from '../../support/fake-coordinator.ts';
import { tempFolder } from '../../support/folders.ts';
import { agentConfig, captureLog } from '../support.ts';

vi.setConfig({ testTimeout: 120_000 });

const key = (url: string) => ({ url, pin: null, workerId: 'w', name: 'laptop', apiKey: 'pfw_x' });

async function enrolled(root: string, id: string, url: string): Promise<void> {
  mkdirSync(folderOf(root, id), { recursive: true });
  await writeKey(path.join(folderOf(root, id), 'key.json'), key(url));
}

test('a folder from before has one coordinator, in the folder itself', async () => {
  const root = tempFolder();
  expect(await listRemembered(root)).toEqual([]);
  await writeKey(path.join(root, 'key.json'), key('https://mill:4800'));
  expect(await listRemembered(root)).toEqual([
    { id: FIRST, name: 'mill', url: 'https://mill:4800', pin: null, worker: 'laptop', active: true },
  ]);
  const dir = openDataDir(root);
  expect(dir).toMatchObject({ own: root, coordinator: FIRST, keyFile: path.join(root, 'key.json') });
  dir.close();
});

test('the next ones have folders of their own, readable by nobody else, with a name from what they are called', async () => {
  const root = tempFolder();
  await enrolled(root, FIRST, 'https://mill:4800');
  const id = await idFor(root, 'https://lab:4800', "Kim's Lab ✓");
  expect(id).toBe('kim-s-lab');
  await enrolled(root, id, 'https://lab:4800');
  rememberActive(root, id, "Kim's Lab");
  expect((await listRemembered(root)).map(({ name, active }) => [name, active])).toEqual([
    ['mill', false],
    ["Kim's Lab", true],
  ]);
  expect(await idFor(root, 'https://lab:4800', 'other name')).toBe(id);
  expect(statSync(path.join(root, 'coordinators.json')).mode & 0o077).toBe(0);
  const dir = openDataDir(root);
  expect(dir.outbox).toBe(path.join(root, 'coordinators', id, 'outbox'));
  expect(dir.workspace).toBe(path.join(root, 'workspace'));
  expect(isInUse(root)).toBe(true);
  dir.close();
  expect(isInUse(root)).toBe(false);
});

const home = { origin: 'mill', signingKey: 'k'.repeat(43) };
const away = (origin: string) => ({
  origin,
  name: 'laptop',
  url: `https://${origin}:4800`,
  pin: 'pfp_x',
  statement: { claims: '{}', signature: 's'.repeat(86) },
  since: 1,
});

test('files of the version before are read as they are, and become one file when something changes', async () => {
  const root = tempFolder();
  await enrolled(root, FIRST, 'https://mill:4800');
  await enrolled(root, 'lab-1a2b3c', 'https://lab:4800');
  const before = { version: 1, active: 'lab-1a2b3c', coordinators: [{ id: 'lab-1a2b3c', name: 'lab' }] };
  const file = path.join(root, 'coordinators.json');
  writeFileSync(file, JSON.stringify(before));
  const standsIn = { home, away: [away('desk')], active: 'desk', keyShown: true };
  const old = [path.join(root, 'stand-ins.json'), path.join(root, 'coordinators', 'lab-1a2b3c', 'stand-ins.json')];
  writeFileSync(old[0]!, JSON.stringify({ version: 1, ...standsIn }));
  writeFileSync(old[1]!, JSON.stringify({ version: 1, ...NOBODY, home }));
  const list = await listRemembered(root);
  expect(list.map(({ id, name, active }) => [id, name, active])).toEqual([
    [FIRST, 'mill', false],
    ['lab-1a2b3c', 'lab', true],
  ]);
  expect(readStandIns(root, FIRST)).toEqual(standsIn);
  expect(readStandIns(root, 'lab-1a2b3c')).toEqual({ ...NOBODY, home });
  // What changes nothing writes nothing: a version before this one can still be put back.
  expect(changeStandIns(root, FIRST, (same) => ({ ...same, home }))).toEqual(standsIn);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(before);
  changeStandIns(root, 'lab-1a2b3c', (known) => workFor(known, away('desk')));
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ version: 2, active: 'lab-1a2b3c' });
  expect(old.filter((each) => existsSync(each))).toEqual([]);
  expect(await listRemembered(root)).toEqual(list);
  expect(readStandIns(root, FIRST)).toEqual(standsIn);
  expect(standInOf(readStandIns(root, 'lab-1a2b3c'))?.origin).toBe('desk');
});

test('who is forgotten is forgotten with what stands in for it; for who is not remembered, nothing stands in', async () => {
  const root = tempFolder();
  await enrolled(root, FIRST, 'https://mill:4800');
  changeStandIns(root, FIRST, (known) => workFor({ ...known, home }, away('desk')));
  await enrolled(root, 'lab', 'https://lab:4800');
  rememberActive(root, 'lab', 'lab');
  expect(readStandIns(root, FIRST)).toMatchObject({ home, active: 'desk', keyShown: true });
  expect(changeStandIns(root, FIRST, workAtHome)).toMatchObject({ active: null, keyShown: true });
  await forget(root, FIRST);
  expect(readStandIns(root, FIRST)).toEqual(NOBODY);
  expect(() => changeStandIns(root, 'nowhere', workAtHome)).toThrow(/no coordinator nowhere is remembered/);
});

test('programs that change the file at once lose nothing of each other', async () => {
  const root = tempFolder();
  await enrolled(root, FIRST, 'https://mill:4800');
  const program = path.join(import.meta.dirname, 'changing-process.ts');
  const writers = ['a', 'b', 'c'].map((name) => spawn(process.execPath, [program, root, name], { stdio: 'inherit' }));
  const codes = await Promise.all(writers.map((writer) => once(writer, 'exit')));
  expect(codes.map(([code]) => code as unknown)).toEqual([0, 0, 0]);
  const origins = readStandIns(root, FIRST).away.map(({ origin }) => origin);
  const expected = ['a', 'b', 'c'].flatMap((name) => Array.from({ length: 6 }, (_, n) => `${name}-${n}`));
  expect(origins.toSorted()).toEqual(expected.toSorted());
});

test('the active one is not forgotten; another one goes with its key and what waits for it', async () => {
  const root = tempFolder();
  await enrolled(root, FIRST, 'https://mill:4800');
  await enrolled(root, 'lab-1', 'https://lab:4800');
  rememberActive(root, 'lab-1', 'lab');
  mkdirSync(path.join(root, 'outbox'));
  writeFileSync(path.join(root, 'outbox', 'segment'), 'x');
  expect(await countWaiting(root, FIRST)).toBe(1);
  await expect(forget(root, 'lab-1')).rejects.toThrow(/use another one first/);
  await forget(root, FIRST);
  expect((await listRemembered(root)).map(({ id }) => id)).toEqual(['lab-1']);
  expect(await countWaiting(root, FIRST)).toBe(0);
  await expect(activate(root, FIRST)).rejects.toThrow(/no coordinator first is remembered/);
  expect(activeId(root)).toBe('lab-1');
});

test('a damaged list, or one of a newer version, ends in words and changes nothing', async () => {
  const root = tempFolder();
  const file = path.join(root, 'coordinators.json');
  for (const text of ['{', '{"version":3,"active":"first","coordinators":[]}', '{"version":1,"active":"../x"}']) {
    writeFileSync(file, text);
    expect(() => activeId(root)).toThrow(/is damaged, or of a newer version: mend it/);
    expect(readFileSync(file, 'utf8')).toBe(text);
  }
});

test('an agent that runs finishes, goes over to another coordinator, and comes back to the first with its old key', async () => {
  const [mill, lab] = [await FakeCoordinator.start(), await FakeCoordinator.start()];
  const { log, lines } = captureLog();
  const config = agentConfig({ join: `${mill.url}#${JOIN_TOKEN}` });
  const ended = runAgent(config, log);
  onTestFinished(async () => {
    process.emit('SIGTERM', 'SIGTERM');
    expect(await ended).toBe(0);
  });
  await mill.untilConnected(1);
  const { id } = await enrolMore(config, { url: lab.url, pin: null, token: JOIN_TOKEN }, 'lab', log);
  await lab.untilConnected(1);
  expect(lab.registrations).toHaveLength(1);
  expect(mill.messages).toContainEqual(expect.objectContaining({ type: 'intent', intent: 'draining' }));
  expect((await listRemembered(config.dataDir)).find(({ active }) => active)?.id).toBe(id);
  await activate(config.dataDir, FIRST);
  await mill.untilConnected(2);
  expect(mill.registrations).toHaveLength(1);
  expect(lines.join('')).not.toMatch(/is ignored/);
});

test('where the other coordinator refuses, everything is as it was', async () => {
  const lab = await FakeCoordinator.start();
  lab.onRegister = () => ({ status: 409, body: { detail: 'The name laptop is taken.' } });
  const { log } = captureLog();
  const config = agentConfig({});
  await writeKey(path.join(config.dataDir, 'key.json'), key('https://mill:4800'));
  const joining = enrolMore(config, { url: lab.url, pin: null, token: JOIN_TOKEN }, 'lab', log);
  await expect(joining).rejects.toThrow('not enrolled: The name laptop is taken.');
  expect(await listRemembered(config.dataDir)).toHaveLength(1);
  expect(activeId(config.dataDir)).toBe(FIRST);
});
