/** Exchanges a join token for this worker's own key, once. */
import { z } from 'zod';
import type { Capabilities } from '../../shared/protocol/work.ts';
import { isUntrusted, MEND_UNTRUSTED, wrongPinIn } from '../transfer/pinned.ts';
import type { Address, AgentConfig, Join } from './config.ts';
import { AgentError, EXIT } from './errors.ts';
import { readKey, writeKey, type WorkerKey } from './key-file.ts';
import type { Log } from './log.ts';
import { postJson } from './post-json.ts';

const REQUEST_MS = 30_000;
export const registered = z.object({ worker_id: z.string().min(1), api_key: z.string().min(1) });

export interface EnrolOptions {
  config: Pick<AgentConfig, 'join' | 'coordinator' | 'name' | 'slots' | 'tags'>;
  keyFile: string;
  agentVersion: string;
  capabilities: () => Promise<Capabilities>;
  log: Log;
}

/**
 * The key of this data folder, or a new one where it has none. A token given to a worker that is enrolled already is left unused, so that
 * the same command line can be started again and again.
 * @throws AgentError that says why not.
 */
export async function enrolOnce(options: EnrolOptions): Promise<WorkerKey> {
  const { config, keyFile, log } = options;
  const known = await readKey(keyFile);
  if (known) {
    if (config.join && config.join.url !== known.url) {
      log.warn(
        { enrolledAt: known.url },
        `already enrolled: --join ${config.join.url} is ignored; for one more coordinator: playfleet join`,
      );
    }
    return { ...known, ...addressOf(known, config.coordinator) };
  }
  if (!config.join) {
    throw new AgentError(
      `this worker is not enrolled yet: start it with --join ${config.coordinator?.url ?? 'URL'}#TOKEN, with a join token from the coordinator (playfleet token create --join)`,
      EXIT.cannotStart,
    );
  }
  const key = await enrol(config.join, options);
  await writeKey(keyFile, key);
  log.info({ url: key.url, workerId: key.workerId, name: key.name }, 'enrolled');
  return key;
}

/** @throws AgentError that says why not; the token may be used up then. */
export async function enrol(
  join: Join,
  { config, capabilities, agentVersion }: Pick<EnrolOptions, 'config' | 'capabilities' | 'agentVersion'>,
): Promise<WorkerKey> {
  const body = {
    hostname: config.name,
    capabilities: { ...(await capabilities()), max_parallel: config.slots },
    tags: config.tags,
    agent_version: agentVersion,
  };
  const url = `${join.url}/api/v1/workers/register`;
  const way = { bearer: join.token, pin: join.pin, timeoutMs: REQUEST_MS };
  const { status, text } = await postJson(url, body, way).catch((cause: Error & { errors?: Error[] }) => {
    throw new AgentError(unreachable(join.url, cause), EXIT.cannotStart, { cause });
  });
  if (status < 200 || status > 299) throw refusal(status, text, join.url, config.name);
  const answer = registered.safeParse(jsonOf(text));
  if (!answer.success) {
    throw new AgentError(
      `${join.url} did not answer as a Playfleet coordinator does: is the address right?`,
      EXIT.cannotStart,
    );
  }
  return {
    url: join.url,
    pin: join.pin,
    workerId: answer.data.worker_id,
    name: config.name,
    apiKey: answer.data.api_key,
  };
}

/** The pin of the enrolment goes on counting at its address; another address counts with what was given with it. */
function addressOf(known: Address, given: Address | null): Address {
  if (given === null) return known;
  return { url: given.url, pin: given.pin ?? (given.url === known.url ? known.pin : null) };
}

function unreachable(url: string, cause: Error & { errors?: Error[] }): string {
  if (wrongPinIn(cause) !== null)
    return `not enrolled: this is not the coordinator at ${url} that the token is from: ${cause.message}. The token was not sent. Make a new one on the coordinator itself: playfleet token create --join`;
  const why = cause.errors?.[0]?.message ?? cause.message;
  if (isUntrusted(cause))
    return `cannot trust the coordinator at ${url}: ${why}. If its certificate is its own, ${MEND_UNTRUSTED}`;
  return `cannot reach a coordinator at ${url}: ${why}. Is it running, and is the address right?`;
}

/** The coordinator's own words where it gave any: they say what to do. */
function refusal(status: number, text: string, url: string, name: string): AgentError {
  const said = (jsonOf(text) as { detail?: unknown } | null)?.detail;
  const known: Record<number, string> = {
    401: 'the join token was not accepted: it may be used up, expired or mistyped. Create a new one on the coordinator',
    403: 'the join token was not accepted: create one of the kind that enrols workers',
    404: `${url} is not a Playfleet coordinator: is the address right?`,
    409: `the coordinator already has a worker named "${name}": choose another with --name, or remove that one first`,
  };
  const fallback = known[status] ?? `the coordinator answered ${status}`;
  return new AgentError(`not enrolled: ${typeof said === 'string' ? said.slice(0, 1000) : fallback}`, EXIT.cannotStart);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
