/**
 * Whether the time of an answer tells how much of a guess was right. Two kinds of requests are sent in turn, over loopback, and their
 * differences compared pair by pair, so that what slows the machine down slows both. It shows differences that are larger than five
 * standard errors of the median (tens of microseconds here) and no smaller ones. That nothing smaller is there follows from how secrets are
 * compared: by looking up their SHA-256, or by timingSafeEqual, which the second part reads from the sources.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { signContent } from '../../coordinator/artifacts/content-token.ts';
import { makePerson } from '../support/people.ts';
import { must, type Attack, type Family, type Target } from './attack.ts';
import { contentKey } from './trees.ts';

const PAIRS = 3000;
/** Sign-in hashes passwords, which takes as long as it should. */
const SLOW_PAIRS = 12;
/** Differences below cannot be told over a network, whatever their certainty. */
const LEAST_US = 20;

export const timing: Family = async ({ target }) => {
  const { apiKey } = await target.enrol('timed');
  const token = signContent({ sha256: 'a'.repeat(64), expiresAt: Date.now() + 3_600_000 }, await contentKey(target));
  const [tree = '', expiry = '', signature = ''] = token.split('.');
  const wrong = (text: string, right: number): string => text.slice(0, right) + flipped(text.slice(right));
  const bearer = (secret: string) => ({
    url: `${target.url}/api/v1/auth/me`,
    headers: { authorization: `Bearer ${secret}` },
  });
  const address = (one: string) => ({ url: `${target.contentUrl}/c/${tree}.${expiry}.${one}/index.html`, headers: {} });
  const random = (n: number, like: string) => like.slice(0, 4) + digest(n).slice(0, like.length - 4);
  await makePerson(target, { email: 'known@example.com' });
  return [
    compare('an API token with 40 right characters against one with none', PAIRS, [
      () => bearer(wrong(target.adminToken, 40)),
      (n) => bearer(random(n, target.adminToken)),
    ]),
    compare("a worker's key with 40 right characters against one with none", PAIRS, [
      () => bearer(wrong(apiKey, 40)),
      (n) => bearer(random(n, apiKey)),
    ]),
    compare('the signature of a report with 40 right characters against one with none', PAIRS, [
      () => address(wrong(signature, 40)),
      (n) => address(digest(n).slice(0, signature.length)),
    ]),
    compare('signing in as somebody who exists against somebody who does not', SLOW_PAIRS, [
      () => signInAs(target, 'known@example.com'),
      (n) => signInAs(target, `unknown${n}@example.com`),
    ]),
    ...sources,
  ];
};

interface Timed {
  url: string;
  headers: Record<string, string>;
  body?: string;
}

const signInAs = (target: Target, email: string): Timed => ({
  url: `${target.url}/api/v1/auth/sign-in`,
  headers: { origin: target.url, 'content-type': 'application/json' },
  body: JSON.stringify({ email, password: 'certainly not this one' }),
});

const digest = (n: number): string => createHash('sha512').update(String(n)).digest('base64url');
const flipped = (text: string): string => text.replaceAll(/./g, (char) => (char === 'A' ? 'B' : 'A'));

function compare(attack: string, pairs: number, [one, other]: [(n: number) => Timed, (n: number) => Timed]): Attack {
  return {
    attack: `timing: ${attack}`,
    run: async () => {
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
      try {
        const differences: number[] = [];
        const statuses = new Set<number>();
        const time = async (request: Timed): Promise<number> => {
          const { status, us } = await ask(request, agent);
          statuses.add(status);
          return us;
        };
        for (let n = 0; n < pairs; n++) {
          // In turns, so that being second is nobody's advantage.
          const first = n % 2 === 0 ? await time(one(n)) : 0;
          const second = await time(other(n));
          differences.push((n % 2 === 0 ? first : await time(one(n))) - second);
        }
        must(statuses.size === 1, `the answers differ: ${[...statuses].join()}`);
        const { middle, error } = medianOf(differences);
        const us = (value: number) => `${value.toFixed(1)} µs`;
        const said = `median difference ${us(middle)}, standard error ${us(error)}, ${pairs} pairs`;
        must(Math.abs(middle) <= Math.max(5 * error, LEAST_US), said);
        return said;
      } finally {
        agent.destroy();
      }
    },
  };
}

function ask({ url, headers, body }: Timed, agent: http.Agent): Promise<{ status: number; us: number }> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const request = http.request(url, { agent, headers, method: body === undefined ? 'GET' : 'POST' }, (answer) => {
      const us = (performance.now() - started) * 1000;
      answer.resume().once('end', () => resolve({ status: answer.statusCode ?? 0, us }));
    });
    request.once('error', reject).end(body);
  });
}

/** Its standard error by the spread around it, which single slow answers do not move. */
function medianOf(values: readonly number[]): { middle: number; error: number } {
  const median = (of: readonly number[]): number => of.toSorted((a, b) => a - b)[Math.floor(of.length / 2)] ?? 0;
  const middle = median(values);
  const spread = median(values.map((value) => Math.abs(value - middle)));
  return { middle, error: (1.2533 * 1.4826 * spread) / Math.sqrt(values.length) };
}

/** Comparisons of what is not secret: hashes of public content, and of stored values with each other. */
const HARMLESS = [
  // Content by its hash: the hash is what was asked for.
  'expected !== undefined && sha256 !== expected',
  'hash === tree',
  'stored.request_hash !== requestHash',
  'found.reportHash === reportHash',
  // Which version of a setting another coordinator began with; both are shown in the conflict.
  'version.base === ownHash',
  'base !== ownHash',
  // The chain of the audit log, which admins can read.
  'previous === last.hash',
  'hashAt !== noted.hash',
  // The caller's own session among those that the database gave for them.
  'row.hash === currentHash',
  // Read again: both come from the database.
  'account.password_hash !== counted.password_hash',
  'entry.hash !== hash',
];
const COMPARED =
  /\b(\w*(?:hash|secret|token|signature|mac|digest|password|ticket)) *[!=]==? *([\w.?]+)|([\w.?]+) *[!=]==? *\w*\.?(?:hash|secret|token|signature|mac|digest|password|ticket)\b/i;
const PLAIN = /^(null|undefined|''|true|false|0)$/;

const sources: Attack[] = [
  {
    attack: 'timing: a secret that is compared sign by sign, somewhere in the sources',
    run: () => {
      const root = path.resolve(import.meta.dirname, '../..');
      const found: string[] = [];
      let safe = 0;
      for (const folder of ['coordinator', 'shared', 'src-main']) {
        for (const name of readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })) {
          if (!name.endsWith('.ts')) continue;
          const lines = readFileSync(path.join(root, folder, name), 'utf8').split('\n');
          safe += lines.filter((line) => line.includes('timingSafeEqual(')).length;
          for (const [index, line] of lines.entries()) {
            const [, , right, left] = COMPARED.exec(line) ?? [];
            const other = right ?? left;
            if (other === undefined || PLAIN.test(other) || /typeof|^ *\*|^ *\/\//.test(line)) continue;
            if (!HARMLESS.some((known) => line.includes(known)))
              found.push(`${folder}/${name}:${index + 1} ${line.trim()}`);
          }
        }
      }
      must(found.length === 0, `look at, and add to HARMLESS what is: ${found.join('\n')}`);
      must(safe > 0, 'timingSafeEqual is used nowhere');
      return Promise.resolve(`secrets are looked up by SHA-256; ${safe} comparison by timingSafeEqual, none by ===`);
    },
  },
];
