/** Addresses that the coordinator is to call: into its own networks, by any spelling, by a name that turns, or behind a redirect. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createOutbound, type Found } from '../../coordinator/http/outbound.ts';
import { good, must, refused, throwing, type Arena, type Family, type Target } from './attack.ts';

/** As the host of an https address. */
const INSIDE = [
  '127.0.0.1',
  'localhost',
  'localhost.',
  'LOCALHOST',
  '127.1',
  '0',
  '0.0.0.0',
  '2130706433',
  '0x7f.1',
  '0x7f000001',
  '0177.0.0.1',
  '017700000001',
  '１２７.0.0.1',
  '10.0.0.1',
  '100.64.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '169.254.169.254',
  '2852039166',
  '100.100.100.200',
  '[::]',
  '[::1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[::ffff:a9fe:a9fe]',
  '[::127.0.0.1]',
  '[64:ff9b::7f00:1]',
  '[64:ff9b:1::7f00:1]',
  '[2002:7f00:1::]',
  '[2001:0:0:0:0:0:80ff:fffe]',
  '[fe80::1]',
  '[fec0::1]',
  '[fc00::1]',
  '[fd00:ec2::254]',
  '[ff02::1]',
  'metadata.google.internal',
  'printer.local',
  'intranet',
];
const SETTINGS = ['oidc_issuer', 'github_url', 'slack_webhook_url'];

export const outbound: Family = async (arena) => {
  const { target } = arena;
  const canary = await startServer(arena, (_request, response) => void response.end('{}'));
  return [
    ...INSIDE.map((host) => ({
      attack: `https://${host}/ as ${SETTINGS.join(', ')}`,
      run: async () => {
        let last = '';
        for (const name of SETTINGS) last = await refused(await set(target, { [name]: `https://${host}/` }), 422);
        return `${last} when it is set`;
      },
    })),
    {
      attack: 'other protocols (file:, gopher:, ftp:, plain http)',
      run: async () => {
        for (const protocol of ['file', 'gopher', 'ftp', 'http', 'data', 'javascript'])
          for (const name of SETTINGS) await refused(await set(target, { [name]: `${protocol}://example.com/` }), 422);
        return '422 when it is set';
      },
    },
    {
      attack: 'taking an address off private_hosts while a setting points there, and so leaving it unguarded',
      run: async () => {
        const { origin } = canary;
        await good(await set(target, { oidc_issuer: origin, private_hosts: '127.0.0.1' }));
        const answer = await refused(await set(target, { private_hosts: 'example.com' }), 422);
        await good(await set(target, { oidc_issuer: null, private_hosts: null }));
        return answer;
      },
    },
    ...byName(canary),
    ...byProvider(arena, canary),
  ];
};

const set = (target: Target, change: object) => target.request('PUT', '/api/v1/settings', change);

interface Listening {
  origin: string;
  port: number;
  /** Requests so far. */
  hits: () => number;
}

/** Names that resolve where they must not. Nothing of it reaches a real resolver. */
function byName(canary: Listening) {
  const resolving = (...answers: Found[][]) => {
    let asked = 0;
    const lookup = () => Promise.resolve(answers[Math.min(asked++, answers.length - 1)] ?? []);
    return { lookup, asked: () => asked };
  };
  const four = (address: string): Found => ({ address, family: 4 });
  const url = `http://rebind.example:${canary.port}/`;
  const call = (lookup: () => Promise<Found[]>, privateHosts: string[] = []) =>
    createOutbound({ privateHosts: () => privateHosts, lookup })(url);
  const untouched = async (work: () => Promise<string>): Promise<string> => {
    const before = canary.hits();
    const by = await work();
    must(canary.hits() === before, 'the canary was called');
    return by;
  };
  const inside = /lies inside this network/;
  return [
    ...['127.0.0.1', '10.1.2.3', '169.254.169.254'].map((address) => ({
      attack: `a public name that resolves to ${address}`,
      run: () => untouched(() => throwing(() => call(resolving([four(address)]).lookup), inside)),
    })),
    ...['::1', '::ffff:127.0.0.1', 'fe80::1%lo'].map((address) => ({
      attack: `a public name that resolves to ${address}`,
      run: () =>
        untouched(() =>
          throwing(() => call(resolving([{ address: address.split('%')[0]!, family: 6 }]).lookup), inside),
        ),
    })),
    {
      attack: 'a name with one public address and one inside',
      run: () =>
        untouched(() => throwing(() => call(resolving([four('192.0.2.1'), four('127.0.0.1')]).lookup), inside)),
    },
    {
      attack: 'DNS rebinding: another address at the second look',
      run: async () => {
        const turning = resolving([four('127.0.0.1')], [four('169.254.169.254')]);
        const answer = await call(turning.lookup, ['rebind.example']);
        must(answer.ok && turning.asked() === 1, `looked up ${turning.asked()} times`);
        return 'looked up once; what was checked is what is connected to';
      },
    },
    {
      attack: 'DNS rebinding of an allowed host to the metadata of the cloud',
      run: () => throwing(() => call(resolving([four('169.254.169.254')]).lookup, ['rebind.example']), inside),
    },
  ];
}

/** A provider that an admin has allowed, and that turns out to be hostile. */
function byProvider(arena: Arena, canary: Listening) {
  const { target } = arena;
  let before = 0;
  const viaProvider = async (answer: RequestListener, stop: (start: Response) => Promise<string>): Promise<string> => {
    before = canary.hits();
    const provider = await startServer(arena, answer);
    const client = { oidc_client_id: 'x', oidc_client_secret: 'y' };
    await good(await set(target, { oidc_issuer: provider.origin, private_hosts: '127.0.0.1', ...client }));
    try {
      const start = await fetch(`${target.url}/api/v1/auth/providers/oidc/start`, { redirect: 'manual' });
      must(provider.hits() > 0, 'the provider was never asked, so nothing was tried');
      return await stop(start);
    } finally {
      await good(
        await set(target, { oidc_issuer: null, private_hosts: null, oidc_client_id: null, oidc_client_secret: null }),
      );
    }
  };
  const unreachable = async (start: Response) => {
    must(canary.hits() === before, 'the canary was called');
    return refused(start, 503);
  };
  return [
    ...[canary.origin, 'http://169.254.169.254/latest/meta-data', 'file:///etc/passwd'].map((location) => ({
      attack: `an identity provider that redirects to ${location.replace(/:\d+/, '')}`,
      run: () =>
        viaProvider(
          (_request, response) => void response.writeHead(302, { location }).end(),
          async (start) => `${await unreachable(start)}: redirects are not followed`,
        ),
    })),
    {
      attack: 'an identity provider whose endpoints are inside, under another name',
      run: async () => {
        const elsewhere = canary.origin.replace('127.0.0.1', 'localhost');
        let origin = '';
        return viaProvider(
          (request, response) => {
            origin = `http://${request.headers.host ?? ''}`;
            const endpoints = { authorization_endpoint: `${origin}/a`, token_endpoint: elsewhere, jwks_uri: elsewhere };
            response.setHeader('content-type', 'application/json');
            response.end(JSON.stringify({ issuer: origin, response_types_supported: ['code'], ...endpoints }));
          },
          async (start) => {
            const state = new URL(start.headers.get('location') ?? '').searchParams.get('state') ?? '';
            const cookie = start.headers.getSetCookie()[0]?.split(';')[0] ?? '';
            const back = `${target.url}/api/v1/auth/providers/oidc/callback?code=x&state=${state}`;
            const answer = await fetch(back, { redirect: 'manual', headers: { cookie } });
            must(canary.hits() === before, 'the canary was called');
            const location = answer.headers.get('location') ?? '';
            must(location.startsWith('/sign-in#problem='), `${answer.status} ${location}`);
            return 'each address is checked when it is called, whoever names it';
          },
        );
      },
    },
    {
      attack: 'an identity provider that answers without end',
      run: () =>
        viaProvider((_request, response) => {
          response.setHeader('content-type', 'application/json');
          const more = (): void => {
            while (!response.destroyed && response.write(' '.repeat(65_536)));
          };
          response.on('drain', more);
          more();
        }, unreachable),
    },
  ];
}

async function startServer({ after }: Arena, answer: RequestListener): Promise<Listening> {
  let hits = 0;
  const server = createServer((request, response) => {
    hits += 1;
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => void server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, port, hits: () => hits };
}
