/** How much one client may ask for in a minute, by the kind of its requests. Far above what people, CI and agents do. */
import type { MiddlewareHandler } from 'hono';
import type { Clock } from '../../shared/base/clock.ts';
import { isIPv6 } from 'node:net';
import type { AppEnv } from './env.ts';
import { principalKey, type Principal } from './principal.ts';
import { Refusal } from './refusal.ts';
import { SlidingWindow } from './sliding-window.ts';

/** Requests a minute and client. */
export interface Limits {
  reads: number;
  changes: number;
  /** Of blobs. */
  transfers: number;
  /** All calls of one worker over REST. */
  workerCalls: number;
  /** All calls from one address that show no known token: pages, health checks, enrolments. */
  anonymous: number;
  /** Tokens, keys and links from one address that turned out not to work. */
  failedSignIns: number;
}

type Kind = Exclude<keyof Limits, 'failedSignIns'>;

export class RateLimits {
  readonly #clock: Clock;
  readonly #limits: () => Limits;
  readonly #requests = new SlidingWindow();
  readonly #failures = new SlidingWindow();

  constructor({ clock, limits }: { clock: Clock; limits: () => Limits }) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Throws the 429 for a request too many. */
  check(principal: Principal | null, address: string | undefined, method: string, path: string): void {
    const kind = kindOf(principal, method, path);
    const client = principal ? principalKey(principal) : networkOf(address);
    const limit = this.#limits()[kind];
    const wait = this.#requests.take(`${kind} ${client}`, limit, this.#clock.monotonic());
    if (wait > 0) throw tooMany(`${limit} requests of this kind a minute`, wait);
  }

  /** Call it for a request that shows a secret which is not known, before it is told so: 429 where its address has guessed too often. */
  checkGuessing(address: string | undefined): void {
    const limit = this.#limits().failedSignIns;
    const wait = this.#failures.peek(networkOf(address), limit, this.#clock.monotonic());
    if (wait > 0) throw tooMany(`${limit} tokens that do not work a minute`, wait);
  }

  /** A secret from this address did not work. */
  failed(address: string | undefined): void {
    this.#failures.add(networkOf(address), this.#clock.monotonic());
  }
}

/** Comes behind the authentication: known clients have limits of their own, wherever they come from. */
export function rateLimited(limits: RateLimits): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const { principal, credential } = c.var;
    const address = c.env.incoming.socket.remoteAddress;
    // Requests that sign in carry their secret in the body or spend it, so that no principal comes of it.
    if (principal === null && (credential || c.req.method === 'POST')) limits.checkGuessing(address);
    limits.check(principal, address, c.req.method, c.req.path);
    await next();
  };
}

function kindOf(principal: Principal | null, method: string, path: string): Kind {
  if (principal === null) return 'anonymous';
  if (principal.kind === 'worker') return 'workerCalls';
  if (path.startsWith('/api/v1/blobs/')) return 'transfers';
  return method === 'GET' || method === 'HEAD' ? 'reads' : 'changes';
}

/** The address, or of IPv6 the network that one customer of a provider usually has: they have more addresses than could be counted. */
export function networkOf(address = ''): string {
  if (!isIPv6(address)) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [left = '', right] = address.split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const groups =
    right === undefined ? head : [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  return `${groups.slice(0, 4).join(':')}::/64`;
}

function tooMany(what: string, waitMs: number): Refusal {
  const seconds = Math.ceil(waitMs / 1000);
  return new Refusal(
    429,
    'too_many_requests',
    `More than ${what}. Try again in ${seconds} s, or ask an admin to raise the limit.`,
    {
      headers: { 'retry-after': String(seconds) },
    },
  );
}
