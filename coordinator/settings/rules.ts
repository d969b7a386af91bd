/** Pure checks of settings that a schema cannot express. */
import { BlockList, isIP } from 'node:net';
import type { FieldError } from '../../shared/protocol/rest/common.ts';

/** Addresses of this machine, its own networks and cloud metadata: what the coordinator must not be made to call. */
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
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
  // Carry an IPv4 address inside.
  ['64:ff9b::', 96],
  ['2002::', 16],
] as const) {
  inside.addSubnet(net, bits, 'ipv6');
}

/** Whether an address of a URL (its `hostname`) is inside by its very text. A name may still resolve to such an address: look again when connecting. */
export function isInside(hostname: string): boolean {
  const host = hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
  const family = isIP(host);
  // The list takes IPv4 in IPv6 (::ffff:127.0.0.1) for what it is.
  if (family !== 0) return inside.check(host, family === 4 ? 'ipv4' : 'ipv6');
  return host === 'localhost' || !host.includes('.') || /\.(localhost|local|internal|lan|home\.arpa)$/.test(host);
}

/** Contradictions between settings, told of the one that was changed. `values` are all of them after the change. */
export function contradictions(
  values: { worker_heartbeat_timeout_seconds: number; worker_heartbeat_interval_seconds: number },
  changed: readonly string[],
): FieldError[] {
  const { worker_heartbeat_timeout_seconds: timeout, worker_heartbeat_interval_seconds: interval } = values;
  if (timeout > interval) return [];
  if (changed.includes('worker_heartbeat_timeout_seconds')) {
    const message = `must be more than worker_heartbeat_interval_seconds (${interval}), or every worker would count as offline`;
    return [{ field: 'worker_heartbeat_timeout_seconds', message }];
  }
  const message = `must be less than worker_heartbeat_timeout_seconds (${timeout}), or every worker would count as offline`;
  return [{ field: 'worker_heartbeat_interval_seconds', message }];
}
