import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { AgentMessage } from '../../shared/protocol/link.ts';
import { OwnIntent } from '../../src-main/agent/own-intent.ts';
import { tempFolder } from '../support/folders.ts';
import { captureLog } from './support.ts';

function rig(folder = tempFolder()) {
  const sent: string[] = [];
  const file = path.join(folder, 'own-intent');
  const send = (message: AgentMessage): boolean => {
    if (message.type === 'intent') sent.push(message.intent);
    return true;
  };
  return { intent: new OwnIntent(file, send, captureLog().log), sent, file, folder };
}
const full = { intent: 'paused', reason: 'the disk is full' } as const;
const stopping = { intent: 'draining', reason: 'the worker stops' } as const;

test('a trouble of the machine pauses it, and its end makes it active again', async () => {
  const { intent, sent, file } = rig();
  await intent.learn('active');
  expect(intent.whyNot).toBeNull();
  await intent.want(full);
  await intent.learn('paused');
  expect(intent.whyNot).toBe('the disk is full');
  await intent.want(full);
  await intent.want(null);
  await intent.learn('active');
  expect(sent).toEqual(['paused', 'active']);
  expect(intent.whyNot).toBeNull();
  expect(existsSync(file)).toBe(false);
});

test('what an admin has set is neither overruled nor taken back', async () => {
  const { intent, sent } = rig();
  await intent.learn('maintenance');
  await intent.want(full);
  await intent.want(null);
  expect(sent).toEqual([]);
  expect(intent.whyNot).toBe('the worker is maintenance on the coordinator');
});

test('an admin who steps in while the machine has paused itself keeps the last word', async () => {
  const { intent, sent } = rig();
  await intent.want(full);
  await intent.learn('paused');
  await intent.learn('maintenance');
  await intent.want(null);
  expect(sent).toEqual(['paused']);
});

test('after a restart the machine takes back the draining it had asked for', async () => {
  const before = rig();
  await before.intent.learn('active');
  await before.intent.want(stopping);
  await before.intent.learn('draining');
  const after = rig(before.folder);
  await after.intent.learn('draining');
  expect(after.sent).toEqual(['active']);
  await after.intent.learn('active');
  expect(existsSync(after.file)).toBe(false);
});

test('an answer to an older wish does not confuse the newer one', async () => {
  const { intent, sent, folder } = rig();
  await intent.learn('active');
  await intent.want(full);
  await intent.want(stopping);
  await intent.learn('paused');
  await intent.learn('draining');
  const after = rig(folder);
  await after.intent.learn('draining');
  expect(sent).toEqual(['paused', 'draining']);
  expect(after.sent).toEqual(['active']);
});

test('another reason for the same pause is told, once, and again where the first telling was lost', async () => {
  const told: string[] = [];
  let isUp = true;
  const send = (message: AgentMessage): boolean => {
    if (isUp && message.type === 'intent') told.push(message.reason);
    return isUp;
  };
  const intent = new OwnIntent(path.join(tempFolder(), 'own-intent'), send, captureLog().log);
  await intent.want(full);
  await intent.learn('paused');
  await intent.want({ intent: 'paused', reason: 'outside its hours' });
  await intent.learn('paused');
  isUp = false;
  await intent.want({ intent: 'paused', reason: 'on battery' });
  isUp = true;
  await intent.learn('paused');
  await intent.learn('paused');
  expect(told).toEqual(['the disk is full', 'outside its hours', 'on battery']);
});
