/** Which announcements on the LAN are shown, and for how long. Whoever is on the network may have written them. */
import { BlockList, isIP } from 'node:net';
import { LAN_NAME_LETTERS, LAN_PROTOCOL } from '../../shared/protocol/lan.ts';

/** One that says nothing more for so long is not shown any more. */
export const UNHEARD_MS = 75_000;
/** More are made up. */
export const MOST_FOUND = 50;

export interface Announced {
  port: unknown;
  txt: unknown;
  /** Of the sender of the packet, before those that it names. */
  addresses: readonly unknown[];
}

export interface Found {
  /** Of the installation, as it says. */
  id: string;
  name: string;
  /** `https://address:port` */
  address: string;
  version: string | null;
  /** Beginning of its pin, as it says; null where it says none. */
  fingerprint: string | null;
}

/** null for what is no coordinator of this protocol at a private address, or is not plain text. */
export function readAnnounced({ port, txt, addresses }: Announced): Found | null {
  if (typeof txt !== 'object' || txt === null) return null;
  const { v, id, name, version, fp } = txt as Record<string, unknown>;
  if (v !== LAN_PROTOCOL || !isPlain(id, 64) || !/^[A-Za-z0-9_-]+$/.test(id)) return null;
  if (!isPlain(name, LAN_NAME_LETTERS) || name.trim() === '') return null;
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65_535) return null;
  const address = addresses.find((each): each is string => typeof each === 'string' && isPrivate(each));
  if (address === undefined) return null;
  return {
    id,
    name: name.trim(),
    address: `https://${isIP(address) === 6 ? `[${address}]` : address}:${port}`,
    version: isPlain(version, 40) && /^[\w.+-]+$/.test(version) ? version : null,
    fingerprint: isPlain(fp, 12) && /^[\w-]+$/.test(fp) ? fp : null,
  };
}

/** What was heard so far, by address: whoever announces another's installation is shown beside it, never instead of it. */
export class LanList {
  readonly #heard = new Map<string, { found: Found; at: number }>();

  /** `now`: monotonic milliseconds. */
  hear(found: Found, now: number): void {
    if (!this.#heard.has(found.address) && this.#heard.size >= MOST_FOUND) this.#forget(now);
    if (!this.#heard.has(found.address) && this.#heard.size >= MOST_FOUND) return;
    this.#heard.set(found.address, { found, at: now });
  }

  leave(address: string): void {
    this.#heard.delete(address);
  }

  /** By name, then address. */
  found(now: number): Found[] {
    this.#forget(now);
    const all = [...this.#heard.values()].map(({ found }) => found);
    return all.sort((a, b) => a.name.localeCompare(b.name) || a.address.localeCompare(b.address));
  }

  #forget(now: number): void {
    for (const [address, { at }] of this.#heard) if (now - at > UNHEARD_MS) this.#heard.delete(address);
  }
}

/** Letters of any script, and no signs that change how the line is drawn. */
function isPlain(text: unknown, most: number): text is string {
  return typeof text === 'string' && text.length > 0 && [...text].length <= most && !/[\p{C}\p{Zl}\p{Zp}]/u.test(text);
}

const PRIVATE = new BlockList();
for (const [net, bits] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
  ['127.0.0.0', 8],
] as const)
  PRIVATE.addSubnet(net, bits, 'ipv4');
PRIVATE.addSubnet('fc00::', 7, 'ipv6');

/** Link-local addresses of IPv6 need an interface with them, and are left out. */
function isPrivate(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && PRIVATE.check(address, family === 4 ? 'ipv4' : 'ipv6');
}
