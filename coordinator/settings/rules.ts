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

interface Compared {
  worker_heartbeat_timeout_seconds: number;
  worker_heartbeat_interval_seconds: number;
  breaker_cooldown_seconds: number;
  breaker_cooldown_limit_seconds: number;
  load_balancer_strategy: string;
  smtp_server: string | null;
  smtp_password: string | null;
  smtp_tls: string;
}

/**
 * Contradictions between settings, and with the strategies that there are, told of the one that was changed. `values` are all of them after
 * the change.
 */
export function contradictions(
  values: Compared,
  changed: readonly string[],
  strategies: readonly string[],
): FieldError[] {
  const { worker_heartbeat_timeout_seconds: timeout, worker_heartbeat_interval_seconds: interval } = values;
  const { breaker_cooldown_seconds: coolDown, breaker_cooldown_limit_seconds: limit } = values;
  const errors: FieldError[] = [];
  const tell = (larger: string, smaller: string, why: { less: string; more: string }) => {
    if (changed.includes(larger)) errors.push({ field: larger, message: why.more });
    else errors.push({ field: smaller, message: why.less });
  };
  if (timeout <= interval) {
    const offline = 'or every worker would count as offline';
    tell('worker_heartbeat_timeout_seconds', 'worker_heartbeat_interval_seconds', {
      more: `must be more than worker_heartbeat_interval_seconds (${interval}), ${offline}`,
      less: `must be less than worker_heartbeat_timeout_seconds (${timeout}), ${offline}`,
    });
  }
  if (limit < coolDown) {
    tell('breaker_cooldown_limit_seconds', 'breaker_cooldown_seconds', {
      more: `must be at least breaker_cooldown_seconds (${coolDown})`,
      less: `must be at most breaker_cooldown_limit_seconds (${limit})`,
    });
  }
  // Only where it was changed: a plugin that was taken away must not keep people from changing other settings.
  if (changed.includes('load_balancer_strategy') && !strategies.includes(values.load_balancer_strategy)) {
    errors.push({ field: 'load_balancer_strategy', message: `must be one of ${strategies.join(', ')}` });
  }
  const { smtp_server: server, smtp_tls: encryption } = values;
  const isNear = server === null || ['localhost', '127.0.0.1', '::1'].includes(server);
  if (
    changed.some((key) => key.startsWith('smtp_')) &&
    values.smtp_password !== null &&
    encryption === 'none' &&
    !isNear
  ) {
    errors.push({ field: 'smtp_tls', message: 'must not be none: smtp_password would be sent for all to read' });
  }
  return errors;
}

/** Secrets go there: by https, or within this machine. */
export function isEncryptedOrLocal(url: URL): boolean {
  return url.protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
}
