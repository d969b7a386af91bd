/** A coordinator program to attack. */
import type { Programs } from '../../scripts/programs.ts';
import { good, type Target } from './attack.ts';

const UNLIMITED = 10_000_000;
const LIMITS = ['reads', 'changes', 'transfers', 'worker_calls', 'anonymous', 'failed_sign_ins'];

/** Without limits on requests: attackers are patient, and what stops them must not be that alone. */
export async function startTarget(programs: Programs, dataDir: string): Promise<Target> {
  const { url, contentUrl, token } = await programs.startCoordinator(dataDir, { args: ['--log-level', 'silent'] });
  const target = targetAt({ url, contentUrl, dataDir, adminToken: token });
  const settings = Object.fromEntries(LIMITS.map((name) => [`rate_limit_${name}_per_minute`, UNLIMITED]));
  await good(await target.request('PUT', '/api/v1/settings', settings));
  return target;
}

function targetAt(at: Pick<Target, 'url' | 'contentUrl' | 'dataDir' | 'adminToken'>): Target {
  const request: Target['request'] = (method, path, body, headers = {}) =>
    fetch(at.url + path, {
      method,
      headers: {
        authorization: `Bearer ${at.adminToken}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const joinToken = async () =>
    (await good<{ token: string }>(await request('POST', '/api/v1/tokens', { kind: 'join' }))).token;
  return {
    ...at,
    request,
    joinToken,
    async enrol(hostname) {
      const body = { hostname, capabilities: { browsers: ['chromium'], platform: 'linux', max_parallel: 2 } };
      const headers = { authorization: `Bearer ${await joinToken()}` };
      const answer = await good<{ worker_id: string; api_key: string }>(
        await request('POST', '/api/v1/workers/register', body, headers),
      );
      return { workerId: answer.worker_id, apiKey: answer.api_key };
    },
  };
}
