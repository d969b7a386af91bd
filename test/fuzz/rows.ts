/** Every row of the table of bad input that a request over HTTP can show, and what it must be answered. */
import type { Sent } from './client.ts';

export interface Row extends Sent {
  what: string;
  expected: readonly number[];
}

export interface Tokens {
  admin: string;
  viewer: string;
  worker: string;
  /** Held by the worker under a later fence than 1. */
  task: string;
}

const CREATE = '/api/v1/test-runs/create';
const JSON_TYPE = { 'content-type': 'application/json' };
const MEGABYTE = 1024 * 1024;

const GIT_URLS = [
  '-uhttps://example.com',
  '--upload-pack=touch x',
  'ext::sh -c touch% x',
  'file:///etc/passwd',
  'ssh://-oProxyCommand=x/y',
  'git://example.com/x',
  'http://example.com/x',
  'https://example.com/x\ny',
  '/etc',
];
const PRIVATE = [
  'https://127.0.0.1/x',
  'https://localhost/x',
  'https://10.0.0.1/x',
  'https://169.254.169.254/latest/meta-data',
  'https://[::1]/x',
  'https://[::ffff:127.0.0.1]/x',
  'https://2130706433/x',
  'https://0x7f.1/x',
  'https://metadata.google.internal/x',
  'http://example.com/x',
  'gopher://example.com/x',
];
const TITLES = [
  "'; DROP TABLE runs; --",
  '<script>alert(1)</script>',
  '\x1b[31mred\x1b]8;;http://x\x07',
  '=1+1',
  '{{7*7}}',
];

export function rows({ admin, viewer, worker, task }: Tokens): Row[] {
  const as = (secret: string) => ({ authorization: `Bearer ${secret}` });
  const json = { ...as(admin), ...JSON_TYPE };
  const post = (
    what: string,
    body: unknown,
    expected: number,
    path = CREATE,
    headers: Record<string, string> = json,
  ): Row => ({
    what,
    method: 'POST',
    path,
    headers,
    body: typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body),
    expected: [expected],
  });
  const setting = (what: string, change: object): Row => ({
    ...post(what, change, 422, '/api/v1/settings'),
    method: 'PUT',
  });
  const run = (more: object) => ({ name: 'row', total_shards: 1, ...more });
  return [
    post('bad JSON', '{"name":', 400),
    post('no JSON at all', 'name=x', 400),
    post('invalid UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]), 400),
    post('wrong type', run({ name: 7 }), 422),
    post('unknown field', run({ nmae: 'x' }), 422),
    post('poisoned prototype', '{"name":"x","__proto__":{"admin":true}}', 422),
    post('poisoned prototype, escaped', '{"name":"x","\\u005f_proto__":{}}', 422),
    post('malformed time', run({ scheduled_for: '0 0 * * *' }), 422),
    post('wrong Content-Type', JSON.stringify(run({})), 415, CREATE, { ...as(admin), 'content-type': 'text/plain' }),
    post('form of another site', 'name=x', 415, CREATE, {
      ...as(admin),
      'content-type': 'application/x-www-form-urlencoded',
    }),
    post('huge body', JSON.stringify({ name: 'x'.repeat(2 * MEGABYTE) }), 413),
    {
      what: 'huge body in chunks',
      method: 'POST',
      path: CREATE,
      headers: json,
      body: endless(3 * MEGABYTE),
      expected: [413],
    },
    post('no credential', run({}), 401, CREATE, JSON_TYPE),
    post('unknown credential', run({}), 401, CREATE, { ...JSON_TYPE, ...as('pft_nonsense') }),
    post('too low a role', run({}), 403, CREATE, { ...JSON_TYPE, ...as(viewer) }),
    post('key of a worker', run({}), 403, CREATE, { ...JSON_TYPE, ...as(worker) }),
    { what: 'unknown run', method: 'GET', path: '/api/v1/test-runs/nobody', headers: as(admin), expected: [404] },
    { what: 'unknown address', method: 'GET', path: '/api/v1/../../etc/passwd', headers: as(admin), expected: [404] },
    { what: 'unknown method', method: 'PATCH', path: CREATE, headers: as(admin), expected: [405] },
    {
      what: 'broken escape',
      method: 'GET',
      path: '/api/v1/test-runs/%ff%fe',
      headers: as(admin),
      expected: [400, 404],
    },
    { what: 'somebody else’s worker', method: 'GET', path: '/api/v1/workers/x', headers: as(worker), expected: [403] },
    post('stale fence', { fence: 1 }, 409, `/api/v1/tasks/${task}/complete`, { ...JSON_TYPE, ...as(worker) }),
    ...GIT_URLS.map((url) => post(`git address ${url}`, { name: 'row', source: gitSource({ url }) }, 422)),
    ...['-b', '--upload-pack=x', '../x', 'a b', 'x\0'].map((ref) =>
      post(`git reference ${ref}`, { name: 'row', source: gitSource({ ref }) }, 422),
    ),
    ...['..', '../x', '/etc', 'a\\b', 'a\0b', 'CON'].map((projectDir) =>
      post(`folder ${projectDir}`, { name: 'row', source: gitSource({ projectDir }) }, 422),
    ),
    ...['', ' ', 'a\nb', 'a\0b', 'a\u202eb', 'x'.repeat(201)].map((hostname) =>
      post(
        `host name ${JSON.stringify(hostname).slice(0, 20)}`,
        { hostname, capabilities: { browsers: [], platform: 'linux' } },
        422,
        '/api/v1/workers/register',
      ),
    ),
    ...PRIVATE.map((url) => setting(`webhook to ${url}`, { slack_webhook_url: url })),
    setting('line break in a mail field', { smtp_from: 'a@example.com\r\nBcc: b@example.com' }),
    setting('line break in a host name', { smtp_server: 'mail\r\nX: y' }),
    ...TITLES.map((name) => post(`title ${JSON.stringify(name)}`, run({ name }), 201)),
  ];
}

const gitSource = (more: object) => ({
  type: 'git',
  url: 'https://example.com/x',
  ref: 'main',
  projectDir: '',
  ...more,
});

/** A body without a declared length. */
function endless(bytes: number): ReadableStream<Uint8Array> {
  let sent = 0;
  return new ReadableStream({
    pull(controller) {
      if (sent >= bytes) return controller.close();
      controller.enqueue(new Uint8Array(64 * 1024).fill(0x20));
      sent += 64 * 1024;
    },
  });
}
