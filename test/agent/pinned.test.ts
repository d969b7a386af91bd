/** Agents that know their coordinator by the pin of its own certificate, which came with the join token. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createPrivateKey } from 'node:crypto';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Agent } from '../../src-main/agent/agent.ts';
import { issueCertificate } from '../../coordinator/issue-certificate.ts';
import { openOwnCertificate } from '../../coordinator/own-certificate.ts';
import type { AgentFlags } from '../../src-main/agent/config.ts';
import { readKey } from '../../src-main/agent/key-file.ts';
import { createHttpBlobClient } from '../../src-main/transfer/http-blob-client.ts';
import { systemClock } from '../../shared/base/clock.ts';
import { startCoordinator, type TestCoordinator } from '../support/coordinator.ts';
import { tempFolder } from '../support/folders.ts';
import { TlsProxy } from '../support/tls-proxy.ts';
import { agentConfig, captureLog } from './support.ts';

vi.setConfig({ testTimeout: 120_000 });

async function start(flags: AgentFlags) {
  const { log, lines } = captureLog();
  const config = agentConfig({ ...flags });
  const agent = await Agent.start(config, log);
  onTestFinished(async () => {
    agent.giveBack('the test is over');
    await agent.done;
  });
  return { agent, config, lines, said: () => lines.join('') };
}

async function strangersCertificate() {
  const { material } = await openOwnCertificate(tempFolder(), ['localhost', '127.0.0.1'], Date.now());
  return material;
}

const connected = (said: () => string, times = 1) =>
  expect.poll(() => said().split('"msg":"connected"').length - 1, { timeout: 30_000 }).toBe(times);

async function enrolled(coordinator: TestCoordinator) {
  const proxy = await TlsProxy.start(coordinator);
  const worker = await start({ join: `${proxy.url}#${await coordinator.joinToken()}` });
  await connected(worker.said);
  return { proxy, ...worker };
}

test('whoever answers with another certificate at the enrolment is refused, and hears nothing', async () => {
  const coordinator = await startCoordinator({ tls: 'own' });
  const proxy = await TlsProxy.start(coordinator);
  proxy.intercept(await strangersCertificate());
  const join = `${proxy.url}#${await coordinator.joinToken()}`;
  await expect(start({ join })).rejects.toThrow(
    /not enrolled: this is not the coordinator .* shows another key .* token was not sent.*token create --join/,
  );
  expect(proxy.handshakes).toBeGreaterThan(0);
  expect(proxy.heard).toBe('');
  proxy.passTo(coordinator);
  await connected((await start({ join })).said);
});

test('without a pin the authorities of the system decide, and the refusal says what to do', async () => {
  const coordinator = await startCoordinator({ tls: 'own' });
  const token = (await coordinator.joinToken()).split('.')[0];
  await expect(start({ join: `${coordinator.url}#${token}` })).rejects.toThrow(
    /cannot trust the coordinator .*self-signed certificate.* use the whole link with its pin/,
  );
});

test('whoever comes in between later is refused on every connection, and the agent goes on when they are gone', async () => {
  const coordinator = await startCoordinator({ tls: 'own' });
  const { proxy, said, config } = await enrolled(coordinator);
  const key = await readKey(path.join(config.dataDir, 'key.json'));
  expect(key).toMatchObject({ url: proxy.url, pin: coordinator.pin });
  proxy.intercept(await strangersCertificate());
  await proxy.untilHandshakes(2);
  await expect.poll(said).toMatch(/shows another key .* start this worker with --coordinator 'https:[^']*#pfp_/);
  const client = createHttpBlobClient({
    baseUrl: proxy.url,
    pin: coordinator.pin,
    headers: () => ({ authorization: `Bearer ${key?.apiKey}` }),
    clock: systemClock,
    retry: { tries: 1, backoff: { baseMs: 1, maxMs: 1 }, longestWaitMs: 1 },
  });
  const bytes = Buffer.from('hello');
  const sha256 = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';
  const source = {
    sha256,
    size: 5,
    open: async function* () {
      yield bytes;
    },
  };
  await expect(client.put(source)).rejects.toThrow(/shows another key/);
  expect(proxy.heard).toBe('');
  proxy.passTo(coordinator);
  await connected(said, 2);
  await client.put(source);
  expect(await client.missing([sha256])).toEqual(new Set());
});

test('a renewed certificate for the same key changes nothing; another key needs its owner', async () => {
  const first = await startCoordinator({ tls: 'own' });
  const { proxy, said, config, agent } = await enrolled(first);
  await first.stop();
  const folder = path.join(first.dataDir, 'tls');
  const key = createPrivateKey(readFileSync(path.join(folder, 'key.pem')));
  const ending = { notBefore: Date.now() - 1000, notAfter: Date.now() + 5000 };
  writeFileSync(path.join(folder, 'certificate.pem'), issueCertificate(key, ['elsewhere.example'], ending));
  const renewed = await startCoordinator({ tls: 'own', again: first });
  expect(renewed.pin).toBe(first.pin);
  proxy.passTo(renewed);
  await connected(said, 2);

  await renewed.stop();
  rmSync(folder, { recursive: true });
  const other = await startCoordinator({ tls: 'own', again: first });
  proxy.passTo(other);
  await expect.poll(said).toContain(`start this worker with --coordinator '${proxy.url}#${other.pin}'`);
  expect(said().split('"msg":"connected"')).toHaveLength(3);
  agent.giveBack('its owner starts it anew');
  await agent.done;
  const again = await start({ data: config.dataDir, coordinator: `${proxy.url}#${other.pin}` });
  await connected(again.said);
});
