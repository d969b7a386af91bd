/** Several coordinators of one machine: each with its own key and reports, one of them active, and an agent that goes over. */
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import {
  activate,
  activeId,
  countWaiting,
  FIRST,
  forget,
  idFor,
  listRemembered,
  ownFolder,
  rememberActive,
} from '../../src-main/agent/coordinators.ts';
import { isInUse, openDataDir } from '../../src-main/agent/data-dir.ts';
import { enrolMore } from '../../src-main/agent/enrol-more.ts';
import { writeKey } from '../../src-main/agent/key-file.ts';
import { runAgent } from '../../src-main/agent/main.ts';
import { FakeCoordinator, JOIN_TOKEN } from '../support/fake-coordinator.ts';
import { tempFolder } from '../support/folders.ts';
import { agentConfig, captureLog } from './support.ts';

vi.setConfig({ testTimeout: 120_000 });

const key = (url: string) => ({ url, pin: null, workerId: 'w', name: 'laptop', apiKey: 'pfw_x' });

async function enrolled(root: string, id: string, url: string): Promise<void> {
  mkdirSync(ownFolder(root, id), { recursive: true });
  await writeKey(path.join(ownFolder(root, id), 'key.json'), key(url));
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
  expect(id).toMatch(/^kim-s-lab-[0-9a-f]{6}$/);
  await enrolled(root, id, 'https://lab:4800');
  await rememberActive(root, id, "Kim's Lab");
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

test('the active one is not forgotten; another one goes with its key and what waits for it', async () => {
  const root = tempFolder();
  await enrolled(root, FIRST, 'https://mill:4800');
  await enrolled(root, 'lab-1', 'https://lab:4800');
  await rememberActive(root, 'lab-1', 'lab');
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
  for (const text of ['{', '{"version":2,"active":"first","coordinators":[]}', '{"version":1,"active":"../x"}']) {
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
