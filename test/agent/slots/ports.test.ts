import net from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { PORTS_PER_PROCESS } from '../../../src-main/agent/playwright/reporter/ports.ts';
import { takePorts } from '../../../src-main/agent/slots/ports.ts';

test('blocks that are held do not touch, their ports can be listened on, and what is released can be had again', async () => {
  const same = () => 0.5;
  const blocks = [await takePorts(same), await takePorts(same), await takePorts(same)];
  onTestFinished(() => blocks.forEach((block) => block.release()));
  const ports = blocks.flatMap(({ first }) => Array.from({ length: PORTS_PER_PROCESS }, (_, i) => first + i));
  expect(new Set(ports).size).toBe(ports.length);
  const server = net.createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(blocks[0]?.first, '127.0.0.1', resolve);
  });
  await new Promise((resolve) => server.close(resolve));
  const [released] = blocks;
  released?.release();
  const again = await takePorts(same);
  onTestFinished(() => again.release());
  expect(again.first).toBe(released?.first);
});

test('a block in which somebody else listens is passed over', async () => {
  const probe = await takePorts(() => 0.25);
  probe.release();
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(probe.first + 3, resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const next = await takePorts(() => 0.25);
  onTestFinished(() => next.release());
  expect(next.first).toBeGreaterThan(probe.first + 3);
});
