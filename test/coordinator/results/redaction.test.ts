import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { Redaction } from '../../../coordinator/results/redaction.ts';
import type { AgentMessage } from '../../../shared/protocol/link.ts';
import type { Clock } from '../../../shared/base/clock.ts';
import { Redactor } from '../../../shared/base/redact.ts';
import { okJson, startCoordinator, type TestCoordinator } from '../../support/coordinator.ts';
import { heldOf, LinkWorker } from '../../support/link-worker.ts';
import { stillClock } from '../storage/fresh.ts';

const VALUE = 'corr3ct horse/battery+"staple"';
type LogMessage = Extract<AgentMessage, { type: 'log' }>;

/** As a log may hold it. */
const FORMS: [string, string][] = [
  ['raw', VALUE],
  ['in JSON', JSON.stringify(VALUE).slice(1, -1)],
  ['in an address', encodeURIComponent(VALUE)],
  ['in a form', new URLSearchParams([['', VALUE]]).toString().slice(1)],
  ['in base64', Buffer.from(VALUE).toString('base64')],
  ['in base64 behind one byte', Buffer.from(`x${VALUE}xyz`).toString('base64')],
  ['in base64 behind two bytes', Buffer.from(`xy${VALUE}xyz`).toString('base64')],
];

async function readLog(coordinator: TestCoordinator, runId: string): Promise<string> {
  let text = '';
  let cursor: string | null = '';
  while (cursor !== null) {
    const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const page: { items: { text: string }[]; next_cursor: string | null } = await okJson(
      await coordinator.request('GET', `/api/v1/test-runs/${runId}/logs?limit=500${query}`),
    );
    text += page.items.map((line) => line.text).join('');
    cursor = page.next_cursor;
  }
  return text;
}

test('a secret that lies across two messages of a log is hidden, wherever it was cut and in whatever form', async () => {
  const coordinator = await startCoordinator();
  await okJson(await coordinator.request('PUT', '/api/v1/projects/shop/secrets/default/PASSWORD', { value: VALUE }));
  const worker = await LinkWorker.enrol(coordinator, { protocol: 4 });
  await worker.connect();
  const run = { name: 'r', project: 'shop', total_shards: 1, source: { type: 'path', path: '/x' } };
  const { test_run_id: runId } = await okJson<{ test_run_id: string }>(
    await coordinator.request('POST', '/api/v1/test-runs/create', run),
  );
  const grant = await worker.grant();
  let seq = 0;
  let told = 0;
  const say = (text: string, stream: LogMessage['stream'] = 'stdout') =>
    worker.say({ type: 'log', ...heldOf(grant), seq: seq++, stream, text });
  for (const [, form] of FORMS) {
    for (let at = 1; at < form.length; at++) {
      say(`<${form.slice(0, at)}`);
      // What another stream says in between is another text.
      if (at % 5 === 0) say('else\n', 'stderr');
      say(`${form.slice(at)}>\n`);
      told += 1;
    }
    for (const char of `<${form}>\n`) say(char);
    told += 1;
  }
  say('the end\n');
  await expect.poll(() => readLog(coordinator, runId), { timeout: 30_000 }).toContain('the end');
  const log = (await readLog(coordinator, runId)).replaceAll('else\n', '');
  expect(log.match(/<[^>]*\*\*\*[^>]*>\n/g)).toHaveLength(told);
  await coordinator.stop();
  const stored = readdirSync(coordinator.dataDir)
    .filter((name) => name.startsWith('playfleet.db'))
    .map((name) => readFileSync(path.join(coordinator.dataDir, name), 'latin1'))
    .join('');
  for (const [how, form] of FORMS) {
    expect({ how, shown: log.includes(form), stored: stored.includes(form) }).toEqual({
      how,
      shown: false,
      stored: false,
    });
    // Of a cut one not even the middle.
    const middle = form.slice(Math.floor(form.length * 0.3), Math.ceil(form.length * 0.7));
    expect({ how, middle: log.includes(middle) }).toEqual({ how, middle: false });
  }
});

const held = { taskId: 't', attempt: 1, fence: 7 };
const message = (seq: number, text: string, stream: LogMessage['stream'] = 'stdout'): LogMessage => ({
  type: 'log',
  ...held,
  seq,
  stream,
  text,
});

/** Timers fire when they are told to. What is handed on is collected. */
function start() {
  const timers = new Set<() => void>();
  const clock: Clock = {
    ...stillClock(),
    after: (_ms, fn) => {
      timers.add(fn);
      return () => timers.delete(fn);
    },
  };
  let redactor = new Redactor(['hunter22']);
  const row = { project_id: 'p', environment: null };
  const redaction = new Redaction({
    db: { read: (fn: (r: unknown) => unknown) => Promise.resolve(fn({ get: () => Promise.resolve(row) })) } as never,
    clock,
    secrets: { isEmpty: false, redactor: () => redactor } as never,
    report: (error) => {
      throw error;
    },
  });
  const shown: LogMessage[] = [];
  const print = (workerId: string, one: LogMessage): void => redaction.log(workerId, one, (clean) => shown.push(clean));
  const texts = () => shown.map(({ text }) => text);
  return {
    redaction,
    timers,
    print,
    shown,
    texts,
    setSecrets: (values: string[]) => (redactor = new Redactor(values)),
  };
}

test('what may be the beginning of a secret is shown after a while, under a number that no message has', async () => {
  const { timers, print, shown } = start();
  print('w', message(4, 'password: hunt'));
  await expect.poll(() => timers.size).toBe(1);
  expect(shown).toMatchObject([{ seq: 4, text: 'password: ' }]);
  for (const fire of timers) fire();
  await expect.poll(() => shown.length).toBe(2);
  expect(shown[1]).toMatchObject({ ...held, seq: -5, text: 'hunt', stream: 'stdout' });
});

test('more in time takes its place, and at the end nothing is kept back', async () => {
  const { redaction, timers, print, texts } = start();
  for (const [seq, text] of ['a hun', 'te', 'r22 b hunter', '2'].entries()) print('w', message(seq, text));
  await redaction.close();
  expect(texts().join('')).toBe('a *** b hunter2');
  expect(timers.size).toBe(0);
});

test('what one worker says of a grant completes nothing that another has said', async () => {
  const { redaction, print, texts } = start();
  print('one', message(0, 'hunter'));
  print('other', message(0, '22'));
  print('one', message(1, '22'));
  await redaction.close();
  expect(texts()).toEqual(['22', '***']);
});

test('a changed secret counts from the next message on', async () => {
  const { redaction, print, texts, setSecrets } = start();
  print('w', message(0, 'x hunter'));
  await Promise.resolve();
  await expect.poll(() => texts()).toEqual(['x ']);
  setSecrets(['swordfish']);
  print('w', message(1, ' and sword'));
  print('w', message(2, 'fish'));
  await redaction.close();
  expect(texts()).toEqual(['x ', 'hunter', ' and ', '***']);
});
