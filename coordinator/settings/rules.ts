/** Pure checks of settings that a schema cannot express. */
import type { FieldError } from '../../shared/protocol/rest/common.ts';
import { isInside, plainHost } from '../http/inside.ts';

/** Settings whose address the coordinator calls. */
const CALLED = ['github_url', 'oidc_issuer', 'slack_webhook_url'] as const;

/** The hosts that a setting names, separated by commas, as `plainHost` gives them. */
export function hostsIn(text: string | null): string[] {
  return (text ?? '').split(',').map((host) => plainHost(host.trim()));
}

interface Compared extends Record<(typeof CALLED)[number] | 'private_hosts', string | null> {
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
  for (const key of CALLED) {
    const host = values[key] === null ? null : plainHost(new URL(values[key]).hostname);
    if (host === null || !isInside(host) || hostsIn(values.private_hosts).includes(host)) continue;
    if (changed.includes(key))
      errors.push({ field: key, message: `must not point into this network; name ${host} in private_hosts if it may` });
    else if (changed.includes('private_hosts'))
      errors.push({ field: 'private_hosts', message: `must name ${host}, which ${key} points to` });
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
