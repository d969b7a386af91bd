/** Which addresses lie inside: this machine, its own networks, cloud metadata. What the coordinator is told to call must not lead there. */
import { BlockList, isIP } from 'node:net';

const inside = new BlockList();
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const) {
  inside.addSubnet(net, bits, 'ipv4');
}
for (const [net, bits] of [
  // Unspecified, loopback, and IPv4 in the old way.
  ['::', 96],
  ['100::', 64],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
  // Carry an IPv4 address inside.
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2001::', 32],
  ['2002::', 16],
] as const) {
  inside.addSubnet(net, bits, 'ipv6');
}

/** Neighbours without a router, where clouds keep the credentials of their machines: nobody runs a service for people there. */
const never = new BlockList();
never.addSubnet('169.254.0.0', 16, 'ipv4');
never.addAddress('100.100.100.200', 'ipv4');
never.addSubnet('fe80::', 10, 'ipv6');
never.addAddress('fd00:ec2::254', 'ipv6');

/** The host of a URL as it is compared: without brackets, a dot at its end, and capitals. */
export function plainHost(hostname: string): string {
  return hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
}

/** Whether an address of a URL (its `hostname`) is inside by its very text. A name may still resolve to such an address: look again when connecting. */
export function isInside(hostname: string): boolean {
  const host = plainHost(hostname);
  if (isIP(host) !== 0) return isInsideAddress(host);
  return host === 'localhost' || !host.includes('.') || /\.(localhost|local|internal|lan|home\.arpa)$/.test(host);
}

/** The same for an IP address. */
export function isInsideAddress(address: string): boolean {
  return listed(inside, address);
}

/** Whether it is this machine that asks. */
export const isInsideMachine = (address: string): boolean => /^(::ffff:)?127\.|^::1$/.test(address);

/** Whether an IP address may not be called, whoever allows it. */
export function isNeverCalled(address: string): boolean {
  return listed(never, address);
}

// The lists take IPv4 in IPv6 (::ffff:127.0.0.1) for what it is.
const listed = (list: BlockList, address: string): boolean =>
  list.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');
