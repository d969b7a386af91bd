/** Enrols this machine at one more coordinator, and makes that the active one. */
import { mkdir } from 'node:fs/promises';
import type { AgentConfig, Join } from './config.ts';
import { folderOf, keyFileIn } from './coordinators/folders.ts';
import { idFor, rememberActive } from './coordinators/remembered.ts';
import { enrol } from './enrol.ts';
import { writeKey } from './key-file.ts';
import type { Log } from './log.ts';
import { detectMachine } from './machine/detect.ts';
import { childEnvironment } from './playwright/env.ts';
import { AGENT_VERSION } from './start.ts';

/**
 * An agent that runs on the folder goes over as soon as what it runs is finished. Browsers are told of when the agent connects. `name`: what
 * the coordinator is called. @throws AgentError; then everything is as it was.
 */
export async function enrolMore(config: AgentConfig, join: Join, name: string, log: Log): Promise<{ id: string }> {
  const { dataDir: root, environment } = config;
  const id = await idFor(root, join.url, name);
  const folder = folderOf(root, id);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const env = childEnvironment({ base: environment, platform: process.platform });
  const capabilities = () => detectMachine({ folder: root, env, log });
  const key = await enrol(join, { config, agentVersion: AGENT_VERSION, capabilities });
  await writeKey(keyFileIn(folder), key);
  rememberActive(root, id, name);
  return { id };
}
