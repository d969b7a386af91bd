/** What works once, or has ended, shown again: one after the other, and many at once. */
import { createHash } from 'node:crypto';
import { generate } from 'otplib';
import { signContent } from '../../coordinator/artifacts/content-token.ts';
import { canonicalTree } from '../../shared/protocol/tree.ts';
import { cookieOf, fromPage, invite, makePerson, PASSWORD, personWith, signIn } from '../support/people.ts';
import { good, must, refused, type Attack, type Family, type Target } from './attack.ts';
import { contentKey } from './trees.ts';

/** At once; exactly one may be let in. */
const AT_ONCE = 8;
const NEW_PASSWORD = 'green kettles hum at midnight';

export const replay: Family = ({ target }) => [
  ...links(target),
  ...factors(target),
  ...keys(target),
  ...addresses(target),
];

async function onlyOne(spend: (n: number) => Promise<Response>): Promise<string> {
  const answers = await Promise.all(Array.from({ length: AT_ONCE }, (_, n) => spend(n)));
  const let_in = answers.filter(({ ok }) => ok).length;
  must(let_in === 1, `${let_in} of ${AT_ONCE} were let in`);
  const [other] = answers.filter(({ ok }) => !ok);
  must(other !== undefined, 'there was no other');
  return `${await refused(other, 401)} for ${AT_ONCE - 1} of ${AT_ONCE} at once; ${await refused(await spend(99), 401)} later`;
}

const post = (target: Target, path: string, body: unknown) => fromPage(target.url, 'POST', `/api/v1${path}`, body);
const tokenOf = (link: string): string => link.split('#token=')[1] ?? '';

function links(target: Target): Attack[] {
  const adminLink = async () => {
    const { link } = await good<{ link: string }>(
      await target.request('POST', '/api/v1/tokens', { kind: 'admin_link' }),
    );
    return tokenOf(link);
  };
  return [
    {
      attack: 'a join token, twice',
      run: async () => {
        const headers = { authorization: `Bearer ${await target.joinToken()}` };
        const body = (n: number) => ({ hostname: `twin-${n}`, capabilities: { browsers: [], platform: 'linux' } });
        return onlyOne((n) => target.request('POST', '/api/v1/workers/register', body(n), headers));
      },
    },
    {
      attack: 'an admin link for a token, twice',
      run: async () => {
        const token = await adminLink();
        return onlyOne((n) => post(target, '/auth/exchange', { token, name: `twin ${n}` }));
      },
    },
    {
      attack: 'an admin link for an account, twice',
      run: async () => {
        const token = await adminLink();
        const body = (n: number) => ({ token, email: `twin${n}@example.com`, name: 'Twin', password: PASSWORD });
        return onlyOne((n) => post(target, '/auth/first-account', body(n)));
      },
    },
    {
      attack: 'an invitation, twice',
      run: async () => {
        const token = await invite(target, { email: 'guest@example.com', role: 'viewer', team: 'default' });
        return onlyOne((n) => post(target, '/auth/accept-invitation', { token, name: `G${n}`, password: PASSWORD }));
      },
    },
    {
      attack: 'a link for a new password, twice',
      run: async () => {
        await makePerson(target, { email: 'forgetful@example.com' });
        const { items } = await good<{ items: { id: string; email: string }[] }>(
          await target.request('GET', '/api/v1/people?limit=200'),
        );
        const id = items.find(({ email }) => email === 'forgetful@example.com')?.id ?? '';
        const { link } = await good<{ link: string }>(await target.request('POST', `/api/v1/people/${id}/reset-link`));
        return onlyOne(() => post(target, '/auth/reset-password', { token: tokenOf(link), password: NEW_PASSWORD }));
      },
    },
    {
      attack: 'one kind of token for another (join for admin, admin for API, worker key for API)',
      run: async () => {
        const { apiKey } = await target.enrol('confused');
        await refused(await post(target, '/auth/exchange', { token: await target.joinToken(), name: 'x' }), 401);
        for (const secret of [await adminLink(), await target.joinToken(), apiKey.replace('pfw_', 'pft_')])
          await refused(await asToken(target, secret, '/api/v1/tokens'), 401);
        return refused(await asToken(target, apiKey, '/api/v1/tokens'), 403);
      },
    },
    {
      attack: 'an Idempotency-Key with another body, and by another caller',
      run: async () => {
        const headers = { 'idempotency-key': 'replayed' };
        const create = (name: string, more = {}) =>
          target.request('POST', '/api/v1/test-runs/create', { name, total_shards: 1 }, { ...headers, ...more });
        const mine = await good<{ test_run_id: string }>(await create('first'));
        const by = await refused(await create('second'), 409);
        const { token } = await good<{ token: string }>(
          await target.request('POST', '/api/v1/tokens', { kind: 'api', name: 'other', role: 'runner' }),
        );
        const theirs = await good<{ test_run_id: string }>(await create('first', { authorization: `Bearer ${token}` }));
        must(theirs.test_run_id !== mine.test_run_id, "the other was answered the first one's run");
        return `${by}; keys belong to their caller`;
      },
    },
  ];
}

const asToken = (target: Target, secret: string, path: string): Promise<Response> =>
  fetch(target.url + path, { headers: { authorization: `Bearer ${secret}` } });

/** The code that an authenticator shows so many steps from now. */
const codeAt = (secret: string, steps: number) =>
  generate({ secret, epoch: Math.floor(Date.now() / 1000) + steps * 30 });

function factors(target: Target): Attack[] {
  const withFactor = async (email: string) => {
    const person = await makePerson(target, { email });
    const { secret } = await good<{ secret: string }>(
      await person.ask('POST', '/account/second-factor', { password: PASSWORD }),
    );
    const { backup_codes: backup } = await good<{ backup_codes: string[] }>(
      await person.ask('POST', '/account/second-factor/confirm', { code: await codeAt(secret, 0) }),
    );
    const ticket = async () => (await good<{ ticket: string }>(await signIn(target.url, email))).ticket;
    return { secret, backup, ticket };
  };
  return [
    {
      attack: 'a code of the authenticator, twice, in two sign-ins at once',
      run: async () => {
        const { secret, ticket } = await withFactor('totp@example.com');
        const tickets = [await ticket(), await ticket()];
        const code = await codeAt(secret, 1);
        const answers = await Promise.all(
          tickets.map((one) => post(target, '/auth/second-factor', { ticket: one, code })),
        );
        must(answers.filter(({ ok }) => ok).length === 1, answers.map(({ status }) => status).join());
        return refused(
          answers.find(({ ok }) => !ok)!,
          401,
        );
      },
    },
    {
      attack: 'a backup code, twice',
      run: async () => {
        const { backup, ticket } = await withFactor('backup@example.com');
        const code = backup[0]!;
        await good(await post(target, '/auth/second-factor', { ticket: await ticket(), code }));
        return refused(await post(target, '/auth/second-factor', { ticket: await ticket(), code }), 401);
      },
    },
    {
      attack: 'the step after the password, again after it was finished',
      run: async () => {
        const { backup, ticket } = await withFactor('step@example.com');
        const one = await ticket();
        await good(await post(target, '/auth/second-factor', { ticket: one, code: backup[0]! }));
        return refused(await post(target, '/auth/second-factor', { ticket: one, code: backup[1]! }), 401);
      },
    },
    {
      attack: 'codes by trying: more than five for one password',
      run: async () => {
        const { ticket, backup } = await withFactor('tried@example.com');
        const one = await ticket();
        for (let n = 0; n < 6; n++)
          await refused(await post(target, '/auth/second-factor', { ticket: one, code: '000000' }), 401);
        return `${await refused(await post(target, '/auth/second-factor', { ticket: one, code: backup[0]! }), 401)}, the right one too: locked`;
      },
    },
  ];
}

function keys(target: Target): Attack[] {
  return [
    {
      attack: "a worker's key after its worker was removed",
      run: async () => {
        const { apiKey, workerId } = await target.enrol('removed');
        must((await asToken(target, apiKey, `/api/v1/workers/${workerId}`)).ok, 'it never worked');
        await good(await target.request('DELETE', `/api/v1/workers/${workerId}`));
        return refused(await asToken(target, apiKey, `/api/v1/workers/${workerId}`), 401);
      },
    },
    {
      attack: "a worker's key after an admin has replaced it",
      run: async () => {
        const { apiKey, workerId } = await target.enrol('rotated');
        await good(await target.request('POST', `/api/v1/workers/${workerId}/rotate-key`));
        return refused(await asToken(target, apiKey, `/api/v1/workers/${workerId}`), 401);
      },
    },
    {
      attack: "a worker's key after the worker has used its new one",
      run: async () => {
        const { apiKey, workerId } = await target.enrol('renewed');
        const headers = { authorization: `Bearer ${apiKey}` };
        const { api_key: renewed } = await good<{ api_key: string }>(
          await target.request('POST', `/api/v1/workers/${workerId}/rotate-key`, undefined, headers),
        );
        must((await asToken(target, renewed, `/api/v1/workers/${workerId}`)).ok, 'the new one does not work');
        return refused(await asToken(target, apiKey, `/api/v1/workers/${workerId}`), 401);
      },
    },
    {
      attack: 'an API token after it was revoked',
      run: async () => {
        const { id, token } = await good<{ id: string; token: string }>(
          await target.request('POST', '/api/v1/tokens', { kind: 'api', name: 'gone' }),
        );
        must((await asToken(target, token, '/api/v1/test-runs')).ok, 'it never worked');
        await good(await target.request('DELETE', `/api/v1/tokens/${id}`));
        return refused(await asToken(target, token, '/api/v1/test-runs'), 401);
      },
    },
    {
      attack: 'a session after signing out',
      run: async () => {
        const person = await makePerson(target, { email: 'leaver@example.com' });
        await good(await person.ask('POST', '/auth/logout', {}));
        return refused(await person.ask('GET', '/account'), 401);
      },
    },
    {
      attack: 'a session after the password was changed elsewhere',
      run: async () => {
        const person = await makePerson(target, { email: 'changer@example.com' });
        const stolen = personWith(target.url, person.email, cookieOf(await signIn(target.url, person.email)));
        must((await stolen.ask('GET', '/account')).ok, 'it never worked');
        const change = { current: PASSWORD, password: NEW_PASSWORD };
        await good(await person.ask('POST', '/account/password', change));
        return refused(await stolen.ask('GET', '/account'), 401);
      },
    },
    {
      attack: 'a session as a token, and a token as a session',
      run: async () => {
        const person = await makePerson(target, { email: 'swap@example.com' });
        await refused(await asToken(target, person.cookie.split('=')[1] ?? '', '/api/v1/auth/me'), 401);
        const cookie = `playfleet_session=${target.adminToken}`;
        return refused(await fetch(`${target.url}/api/v1/auth/me`, { headers: { cookie } }), 401);
      },
    },
  ];
}

function addresses(target: Target): Attack[] {
  const publish = async (files: Record<string, string>) => {
    const put = async (text: string) => {
      const sha256 = createHash('sha256').update(text).digest('hex');
      const headers = { authorization: `Bearer ${target.adminToken}` };
      await good(await fetch(`${target.url}/api/v1/blobs/${sha256}`, { method: 'PUT', body: text, headers }));
      return sha256;
    };
    const entries = await Promise.all(
      Object.entries(files).map(async ([name, text]) => ({
        path: name,
        mode: 'file' as const,
        sha256: await put(text),
        size: text.length,
      })),
    );
    return put(canonicalTree(entries));
  };
  const open = (token: string, path = 'index.html') => fetch(`${target.contentUrl}/c/${token}/${path}`);
  return [
    {
      attack: 'the address of a report after its end',
      run: async () => {
        const tree = await publish({ 'index.html': 'report of one run' });
        const key = await contentKey(target);
        must((await open(signContent({ sha256: tree, expiresAt: Date.now() + 60_000 }, key))).ok, 'it never worked');
        return refused(await open(signContent({ sha256: tree, expiresAt: Date.now() - 1 }, key)), 403);
      },
    },
    {
      attack: 'the address of a report with a later end, for another report, and with a changed signature',
      run: async () => {
        const [tree, other] = [await publish({ 'index.html': 'mine' }), await publish({ 'index.html': 'theirs' })];
        const token = signContent({ sha256: tree, expiresAt: Date.now() + 60_000 }, await contentKey(target));
        const [, expiry = '', signature = ''] = token.split('.');
        const forged = [
          `${tree}.${expiry}0.${signature}`,
          `${other}.${expiry}.${signature}`,
          `${tree}.${expiry}.${signature.slice(0, -1)}${signature.endsWith('A') ? 'B' : 'A'}`,
          `${tree}.${expiry}.`,
          `${tree.toUpperCase()}.${expiry}.${signature}`,
          signContent({ sha256: tree, expiresAt: Date.now() + 60_000 }, new Uint8Array(32)),
        ];
        let last = '';
        for (const one of forged) last = await refused(await open(one), 403);
        return last;
      },
    },
    {
      attack: 'the address of a report for files that are not in it',
      run: async () => {
        const tree = await publish({ 'index.html': 'mine' });
        const token = signContent({ sha256: tree, expiresAt: Date.now() + 60_000 }, await contentKey(target));
        const names = [
          '..%2f..%2fsecret.key',
          '..%5csecret.key',
          '%2fetc%2fpasswd',
          'index.html%00',
          '__proto__',
          tree,
        ];
        let last = '';
        for (const name of names) last = await refused(await open(token, name), 404);
        return last;
      },
    },
  ];
}
