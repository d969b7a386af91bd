import { expect, test } from 'vitest';
import type { Clock } from '../../../shared/base/clock.ts';
import type { AgentMessage } from '../../../shared/protocol/link.ts';
import { LOG_MS, LogStream } from '../../../src-main/agent/slots/log-stream.ts';

type LogMessage = Extract<AgentMessage, { type: 'log' }>;

/** A clock whose timers fire when the test says so. */
function manualClock(): { clock: Clock; fire: () => void } {
  let timers: (() => void)[] = [];
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    after: (_ms, fn) => {
      timers.push(fn);
      return () => (timers = timers.filter((each) => each !== fn));
    },
  };
  return { clock, fire: () => timers.splice(0).forEach((fn) => fn()) };
}

function rig() {
  const sent: LogMessage[] = [];
  const link = { isUp: true };
  const { clock, fire } = manualClock();
  const send = (message: AgentMessage): boolean => link.isUp && sent.push(message as LogMessage) > 0;
  const stream = new LogStream({ taskId: 't', attempt: 1, fence: 1 }, clock, send, () => LOG_MS);
  return { stream, sent, link, fire, text: () => sent.map((message) => message.text).join('') };
}

test('what is printed goes out in order, numbered from 0, neighbours of one stream together', () => {
  const { stream, sent, fire } = rig();
  stream.write('stdout', 'a');
  stream.write('stdout', 'b');
  stream.write('stderr', 'c');
  expect(sent).toEqual([]);
  fire();
  stream.write('agent', 'd');
  fire();
  expect(sent.map(({ seq, stream: name, text }) => [seq, name, text])).toEqual([
    [0, 'stdout', 'ab'],
    [1, 'stderr', 'c'],
    [2, 'agent', 'd'],
  ]);
});

test('while the link is down the newest part is kept, and what went is said', () => {
  const { stream, sent, link, fire, text } = rig();
  link.isUp = false;
  stream.write('stdout', 'old'.repeat(100_000));
  fire();
  stream.write('stdout', 'the end');
  link.isUp = true;
  for (let i = 0; i < 10; i++) fire();
  expect(sent[0]).toMatchObject({ seq: 0, stream: 'agent' });
  const dropped = Number(/\[… (\d+) characters/.exec(text())?.[1]);
  expect(dropped).toBe(300_007 - 256 * 1024);
  expect(text().endsWith('oldthe end')).toBe(true);
  expect(sent.map(({ seq }) => seq)).toEqual(sent.map((_, i) => i));
});

test('a flood goes out at a bounded rate, in frames that the contract takes', () => {
  const { stream, sent, fire } = rig();
  stream.write('stdout', 'x'.repeat(200_000));
  fire();
  expect(sent.reduce((sum, { text }) => sum + text.length, 0)).toBe(64 * 1024);
  fire();
  expect(sent.reduce((sum, { text }) => sum + text.length, 0)).toBe(128 * 1024);
});

test('at the end all that is left goes, and nothing after it', () => {
  const { stream, fire, text } = rig();
  stream.write('stdout', 'y'.repeat(200_000));
  stream.end();
  expect(text()).toHaveLength(200_000);
  fire();
  expect(text()).toHaveLength(200_000);
});
