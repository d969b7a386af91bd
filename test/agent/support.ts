/** Agents in tests: real ones, in this process, against a coordinator that is one over real HTTP. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Writable } from 'node:stream';
import pino from 'pino';
import { onTestFinished } from 'vitest';
import { Agent } from '../../src-main/agent/agent.ts';
import { readAgentConfig, type AgentConfig, type AgentFlags } from '../../src-main/agent/config.ts';
import type { Log } from '../../src-main/agent/log.ts';
import { FakeCoordinator, JOIN_TOKEN } from '../support/fake-coordinator.ts';
import { tempFolder } from '../support/folders.ts';

export interface Captured {
  log: Log;
  lines: string[];
}

/** A log whose lines can be read back. */
export function captureLog(): Captured {
  const lines: string[] = [];
  const out = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      if (process.env.SHOW_LOG) process.stderr.write(chunk);
      done();
    },
  });
  return { log: pino({ level: 'debug', base: null }, out), lines };
}

export interface AgentRig {
  coordinator: FakeCoordinator;
  agent: Agent;
  config: AgentConfig;
  lines: string[];
}

export function agentConfig(flags: AgentFlags): AgentConfig {
  const { PATH, HOME } = process.env;
  return readAgentConfig(
    { name: 'test-worker', data: tempFolder(), slots: '2', install: false, ...flags },
    { env: { PATH, HOME }, platform: process.platform, home: '/nonexistent', hostname: 'test-host', cpus: 4 },
  );
}

export function configFor(coordinator: { url: string }, flags: AgentFlags = {}): AgentConfig {
  return agentConfig({ join: `${coordinator.url}#${JOIN_TOKEN}`, ...flags });
}

/** Starts an agent and waits until it is connected. It ends with the test. */
export async function startAgent(flags: AgentFlags = {}, coordinator?: FakeCoordinator): Promise<AgentRig> {
  const server = coordinator ?? (await FakeCoordinator.start());
  const { log, lines } = captureLog();
  const config = configFor(server, flags);
  const agent = await Agent.start(config, log);
  onTestFinished(async () => {
    agent.giveBack('the test is over');
    await agent.done;
  });
  await server.untilConnected();
  return { coordinator: server, agent, config, lines };
}

/** What marks everything that an agent of this data folder starts. */
export function markIn(config: Pick<AgentConfig, 'dataDir'>): string {
  return readFileSync(path.join(config.dataDir, 'mark'), 'utf8').trim();
}
