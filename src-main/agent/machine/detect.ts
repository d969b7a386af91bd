import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { capabilities, type Capabilities } from '../../../shared/protocol/work.ts';
import type { Log } from '../log.ts';

const TIMEOUT_MS = 30_000;
const detected = z.object({
  platformVersion: z.string(),
  cpuModel: z.string(),
  displays: z.int().min(0),
  identity: z.array(z.string()),
});

export interface DetectOptions {
  /** On the disk whose space counts. */
  folder: string;
  env: Record<string, string>;
  log: Log;
}

/** What this machine is, without its browsers. Where the detailed look fails, what Node itself knows is told. */
export async function detectMachine({ folder, env, log }: DetectOptions): Promise<Capabilities> {
  const more = await lookCloser(env).catch((error: unknown) => {
    log.warn({ err: error }, 'the machine could not be looked at closely');
    return null;
  });
  const disk = await statfs(folder).catch(() => null);
  const cpus = os.cpus();
  return capabilities.parse({
    platform: process.platform,
    platform_version: (more?.platformVersion || os.release()).slice(0, 500),
    arch: process.arch,
    cpus: os.availableParallelism(),
    cpu_model: (more?.cpuModel || cpus[0]?.model || '').slice(0, 500),
    memory_bytes: os.totalmem(),
    disk_free_bytes: disk && disk.bavail * disk.bsize,
    browsers: {},
    displays: more?.displays ?? 0,
    node_version: process.version,
    fingerprint: fingerprint(more?.identity ?? []),
  });
}

/** Stable for this machine and user-independent; a machine that tells no identity is known by its name. */
export function fingerprint([systemId = '', ...hardware]: string[], hostname = os.hostname()): string {
  const identity = [systemId || hostname, ...hardware].join('\n');
  return createHash('sha256').update(identity).digest('hex').slice(0, 32);
}

async function lookCloser(env: Record<string, string>) {
  const here = path.dirname(fileURLToPath(import.meta.url));
  const beside = path.join(here, 'detect-machine.mjs');
  const program = existsSync(beside) ? beside : path.join(here, 'detect-process.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [program], {
    env,
    timeout: TIMEOUT_MS,
    windowsHide: true,
  });
  return detected.parse(JSON.parse(stdout));
}
