/** What pages of other sites, and of the content origin, try with the session of somebody who is signed in. */
import { WebSocket } from 'ws';
import type { OpenApiDocument } from '../../coordinator/http/openapi.ts';
import { makeAdmin } from '../support/people.ts';
import { good, must, refused, type Family, type Target } from './attack.ts';

const EVIL = 'https://evil.example';

export const crossSite: Family = async ({ target }) => {
  const { cookie } = await makeAdmin(target, 'victim@example.com');
  const create = '/api/v1/test-runs/create';
  const send = (method: string, path: string, headers: Record<string, string>, body?: string) =>
    fetch(target.url + path, {
      method,
      redirect: 'manual',
      headers: { cookie, ...headers },
      ...(body ? { body } : {}),
    });
  const body = JSON.stringify({ name: 'forged', total_shards: 1 });
  const json = { 'content-type': 'application/json' };
  const nothingMade = async (answer: Response, ...statuses: number[]): Promise<string> => {
    const by = await refused(answer, ...statuses);
    const { items } = await good<{ items: { name: string }[] }>(
      await target.request('GET', '/api/v1/test-runs?limit=200'),
    );
    must(!items.some(({ name }) => name === 'forged'), 'the run was made');
    return by;
  };
  const origins: [string, string][] = [
    ['another site', EVIL],
    ['the content origin', target.contentUrl],
    ['a sandboxed page', 'null'],
    ['a name that ends like ours', `${target.url}.evil.example`],
    ['our name as user', `http://${new URL(target.url).host}@evil.example`],
    ['another port', target.url.replace(/:\d+$/, ':1')],
  ];
  return [
    ...origins.map(([who, origin]) => ({
      attack: `a change by a page of ${who}`,
      run: async () => nothingMade(await send('POST', create, { origin, ...json }, body), 403),
    })),
    {
      attack: 'a change without any Origin',
      run: async () => nothingMade(await send('POST', create, json, body), 403),
    },
    ...['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/plain', 'application/jsonx'].map(
      (type) => ({
        attack: `a form as ${type}, even with our Origin`,
        run: async () =>
          nothingMade(await send('POST', create, { origin: target.url, 'content-type': type }, body), 415),
      }),
    ),
    ...['cross-site', 'same-site'].map((site) => ({
      attack: `a read that a page of another ${site === 'same-site' ? 'port' : 'site'} causes`,
      run: async () => refused(await send('GET', '/api/v1/tokens', { 'sec-fetch-site': site }), 401),
    })),
    {
      attack: 'every GET of the API by a page of another site, for its effects',
      run: async () => {
        const before = await auditHead(target);
        const document = await good<OpenApiDocument>(await fetch(`${target.url}/api/v1/openapi.json`));
        let asked = 0;
        for (const [path, operations] of Object.entries(document.paths)) {
          const operation = operations.get;
          if (!operation || operation['x-access'] === 'public') continue;
          const filled = path.replaceAll(/\{\w+\}/g, '1');
          await refused(await send('GET', filled, { 'sec-fetch-site': 'cross-site' }), 401);
          asked += 1;
        }
        must(asked > 20, `only ${asked} were asked`);
        must((await auditHead(target)) === before, 'something was done');
        return `401, all ${asked}`;
      },
    },
    {
      attack: 'a GET that says it is a POST (X-HTTP-Method-Override, ?_method=)',
      run: async () => {
        const answer = await send('GET', `${create}?_method=POST`, { 'x-http-method-override': 'POST', origin: EVIL });
        return nothingMade(answer, 401, 404, 405);
      },
    },
    {
      attack: 'asking for leave by CORS',
      run: async () => {
        const wish = {
          origin: EVIL,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type',
        };
        for (const origin of [EVIL, target.contentUrl, 'null']) {
          for (const method of ['OPTIONS', 'GET']) {
            const answer = await send(method, '/api/v1/test-runs', { ...wish, origin });
            const given = [...answer.headers.keys()].filter((name) => name.startsWith('access-control-'));
            must(given.length === 0, `${method} answers ${given.join()}`);
          }
        }
        return 'no answer allows another origin anything';
      },
    },
    {
      attack: 'signing the victim in as the attacker (login CSRF)',
      run: async () => {
        const credentials = JSON.stringify({ email: 'victim@example.com', password: 'x'.repeat(12) });
        const answer = await send('POST', '/api/v1/auth/sign-in', { origin: EVIL, ...json }, credentials);
        return refused(answer, 403);
      },
    },
    {
      attack: 'a second session cookie, set by a page on another port of this host',
      run: async () => {
        const name = cookie.split('=')[0] ?? '';
        const planted = { cookie: `${name}=pfs_${'A'.repeat(43)}; ${cookie}` };
        return refused(await fetch(`${target.url}/api/v1/tokens`, { headers: planted }), 401);
      },
    },
    ...[EVIL, target.contentUrl, target.url, 'null'].map((origin) => ({
      attack: `the workers' WebSocket, opened by a page of ${origin === target.url ? 'our own' : origin.replace(/\d+$/, 'PORT')}`,
      run: () => upgrade(target, { origin, cookie }, 403),
    })),
    {
      attack: "the workers' WebSocket with a session cookie alone",
      run: () => upgrade(target, { cookie }, 401),
    },
    {
      attack: 'following events (SSE) from another site',
      run: async () => {
        const headers = { accept: 'text/event-stream', origin: EVIL, 'sec-fetch-site': 'cross-site' };
        return refused(await send('GET', '/api/v1/events/stream', headers), 401);
      },
    },
    {
      attack: 'framing our pages (clickjacking)',
      run: async () => {
        for (const page of ['/', '/sign-in', '/account', '/api/v1/reference']) {
          const answer = await fetch(target.url + page);
          const policy = answer.headers.get('content-security-policy') ?? '';
          must(/frame-ancestors 'none'/.test(policy), `${page} has ${policy}`);
        }
        return "frame-ancestors 'none' on every page";
      },
    },
  ];
};

const auditHead = async (target: Target): Promise<string> =>
  (await good<{ hash: string }>(await target.request('GET', '/api/v1/audit/head'))).hash;

function upgrade(target: Target, headers: Record<string, string>, expected: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${target.url.replace(/^http/, 'ws')}/api/v1/link`, { headers });
    socket.once('open', () => {
      socket.terminate();
      reject(new Error('it was opened'));
    });
    socket.once('error', reject);
    socket.once('unexpected-response', (_request, response) => {
      response.resume();
      socket.terminate();
      if (response.statusCode === expected) resolve(`${expected} before it is opened`);
      else reject(new Error(`was answered ${response.statusCode}`));
    });
  });
}
