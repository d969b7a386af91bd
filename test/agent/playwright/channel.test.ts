import { expect, test } from 'vitest';
import { Channel, type ParentProcess } from '../../../src-main/agent/playwright/reporter/channel.ts';
import type { ReporterEnvelope, ReporterMessage } from '../../../shared/protocol/ipc.ts';

const message = (retry: number): ReporterMessage => ({ type: 'testBegin', testId: 'a', retry });

/** A parent that takes a batch only when told to. */
function slowParent() {
  const sent: ReporterEnvelope[] = [];
  let taken: ((error: Error | null) => void) | null = null;
  const parent: ParentProcess = {
    connected: true,
    send: (envelope, _handle, _options, done) => {
      if (taken) throw new Error('a second batch was sent before the first was taken');
      sent.push(envelope as ReporterEnvelope);
      taken = done;
      return false;
    },
  };
  const take = (error: Error | null = null) => {
    const done = taken;
    taken = null;
    done?.(error);
  };
  return { parent, sent, take };
}

test('messages wait for a slow agent, and arrive in order and all', async () => {
  const { parent, sent, take } = slowParent();
  const channel = new Channel(parent);
  for (let n = 0; n < 40; n++) channel.send(message(n));
  expect(sent).toHaveLength(1);
  let flushed = false;
  const flush = channel.flush().then(() => (flushed = true));
  while (sent.flatMap((envelope) => envelope.messages).length < 40) take();
  await Promise.resolve();
  expect(flushed).toBe(false);
  take();
  await flush;
  expect(sent.flatMap((envelope) => envelope.messages)).toEqual(Array.from({ length: 40 }, (_, n) => message(n)));
});

test('nothing is waited for when the agent goes away or was never there', async () => {
  const { parent, take } = slowParent();
  const channel = new Channel(parent);
  channel.send(message(0));
  channel.send(message(1));
  const flush = channel.flush();
  parent.connected = false;
  take(new Error('channel closed'));
  await flush;
  channel.send(message(2));
  await channel.flush();
  const alone = new Channel({});
  alone.send(message(0));
  await alone.flush();
});

test('a channel that throws when closing is a channel that is gone', async () => {
  const channel = new Channel({
    connected: true,
    send: () => {
      throw new Error('ERR_IPC_CHANNEL_CLOSED');
    },
  });
  channel.send(message(0));
  await channel.flush();
});
