/** The machine's side of joining by words (shared/protocol/joining.ts): the code becomes a join token of a coordinator that has proven to know it. */
import { randomBytes, scrypt } from 'node:crypto';
import { parseJson } from '../../shared/base/parse-json.ts';
import { readJoinCode, sayBadCode } from '../../shared/model/join-code.ts';
import {
  base64url,
  CODE_HASH,
  hashSalt,
  isProof,
  JOINING_PROTOCOL,
  lookupOf,
  NONCE_BYTES,
  openAnswer,
  proofOf,
  type Exchange,
} from '../../shared/protocol/joining.ts';
import { readPinned } from '../../shared/protocol/pin.ts';
import { problem } from '../../shared/protocol/rest/common.ts';
import { joiningChallenge, joiningGrant, joiningProved } from '../../shared/protocol/rest/join-codes.ts';
import type { z } from 'zod';
import { postJson } from '../agent/post-json.ts';
import { seenPin, wrongPinIn } from '../transfer/pinned.ts';
import { readAddress } from './address.ts';

/** Why a machine has not joined: `field` is what to mend, null where neither is to blame; `mend` what to do, '' where the message says it. */
export class JoinRefused extends Error {
  override readonly name = 'JoinRefused';
  readonly code: 'bad_code' | 'bad_address' | 'unreachable' | 'refused' | 'not_proven' | 'not_understood';
  readonly field: 'code' | 'address' | null;
  readonly mend: string;

  constructor(
    code: JoinRefused['code'],
    field: JoinRefused['field'],
    message: string,
    mend = '',
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.code = code;
    this.field = field;
    this.mend = mend;
  }
}

export interface Joinable {
  /** Without a slash at its end. */
  url: string;
  /** Of the coordinator's own certificate; null: authorities vouch for it, and are asked from now on. */
  pin: string | null;
  /** Enrols one worker, once, within minutes. */
  token: string;
  /** What the coordinator calls itself. */
  name: string;
}

/** All of it as `playfleet worker --join` takes it. */
export const lineOf = ({ url, pin, token }: Joinable): string => `${url}#${token}${pin === null ? '' : `.${pin}`}`;

export interface JoinByCodeOptions {
  /** As typed, or as heard on the LAN: nothing about it is trusted. */
  address: string;
  /** As typed. */
  code: string;
  /** Of each answer, milliseconds. */
  timeoutMs?: number;
}

const MEND_CODE =
  'Compare the words with those that the coordinator shows. Each code works once, for ten minutes. If they are right, the address may be that of somebody else.';

/** @throws JoinRefused; nothing that anybody could join by has been sent then. */
export async function joinByCode({ address, code: typed, timeoutMs = 15_000 }: JoinByCodeOptions): Promise<Joinable> {
  const read = readJoinCode(typed);
  if ('problem' in read) throw new JoinRefused('bad_code', 'code', sayBadCode(read));
  const url = httpsOnly(address);
  const pin = await seenPin(url, timeoutMs).catch((cause: Error) => {
    throw unreachable(url, cause);
  });
  // Every further connection must show the same key.
  const ask = <S extends z.ZodType>(path: string, body: unknown, answer: S) =>
    post(url, path, body, answer, { pin, timeoutMs });
  const nonce = base64url(randomBytes(NONCE_BYTES));
  const { salt, challenge } = await ask('hello', { protocol: JOINING_PROTOCOL, nonce }, joiningChallenge);
  const key = await hashCode(read.code, salt, pin);
  const exchange: Exchange = { pin, salt, nonce, challenge };
  const shown = { challenge, nonce, lookup: await lookupOf(key), proof: await proofOf(key, 'machine', exchange) };
  const { proof, sealed } = await ask('prove', shown, joiningProved);
  if (!(await isProof(key, 'coordinator', exchange, proof))) throw notProven(url);
  const text = await openAnswer(key, exchange, sealed);
  const grant = text === null ? null : joiningGrant.safeParse(JSON.parse(text));
  const pinned = grant?.success ? readPinned(grant.data.token) : null;
  if (!grant?.success || pinned?.token == null || (pinned.pin !== null && pinned.pin !== pin)) throw notProven(url);
  return { url, pin: pinned.pin, token: pinned.token, name: grant.data.name };
}

function httpsOnly(address: string): string {
  const url = readAddress(address);
  if (url === null)
    throw new JoinRefused(
      'bad_address',
      'address',
      'This is not the address of a coordinator.',
      'Type it as https://host:4800.',
    );
  if (url.startsWith('https:')) return url;
  throw new JoinRefused(
    'bad_address',
    'address',
    `${url} is not encrypted: whoever sits in between could take the machine over.`,
    'Start the coordinator with --tls and use its https:// address, or join by a link.',
  );
}

function hashCode(code: string, salt: string, pin: string): Promise<Uint8Array<ArrayBuffer>> {
  const { cost, blockSize, parallelization, bytes } = CODE_HASH;
  const options = { cost, blockSize, parallelization, maxmem: 2 * 128 * cost * blockSize };
  return new Promise((resolve, reject) => {
    scrypt(code, hashSalt(salt, pin), bytes, options, (error, key) =>
      error ? reject(error) : resolve(new Uint8Array(key)),
    );
  });
}

async function post<S extends z.ZodType>(
  url: string,
  path: string,
  body: unknown,
  answer: S,
  way: { pin: string; timeoutMs: number },
): Promise<z.output<S>> {
  const { status, text } = await postJson(`${url}/api/v1/joining/${path}`, body, { ...way, bearer: null }).catch(
    (cause: Error) => {
      throw wrongPinIn(cause) === null ? unreachable(url, cause) : notProven(url, cause);
    },
  );
  const json = parseJson(text);
  if (status === 200) {
    const good = answer.safeParse(json);
    if (good.success) return good.data;
  }
  const said = problem.safeParse(json);
  if (said.success && status === 401)
    throw new JoinRefused('refused', 'code', 'The coordinator does not know this code.', MEND_CODE);
  if (said.success && status >= 400) throw new JoinRefused('refused', null, said.data.detail.slice(0, 500));
  throw new JoinRefused(
    'not_understood',
    'address',
    `${url} does not answer as a Playfleet coordinator of this version does.`,
    'Check the address, and that both programs are up to date.',
  );
}

const unreachable = (url: string, cause: Error): JoinRefused =>
  new JoinRefused(
    'unreachable',
    'address',
    `No coordinator can be reached at ${url}: ${innermost(cause)}.`,
    'Check that it runs, serves https, and that nothing in the network is in between.',
    { cause },
  );

const notProven = (url: string, cause?: Error): JoinRefused =>
  new JoinRefused(
    'not_proven',
    'address',
    `Whoever answers at ${url} does not know the code: it is not the coordinator that made it. Nothing was given away.`,
    'Ask for the address where the code was made, and make a new code there.',
    { cause },
  );

const innermost = (error: Error & { errors?: Error[] }): string => error.errors?.[0]?.message ?? error.message;
