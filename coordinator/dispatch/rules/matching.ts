/** Whether a worker can serve a run, and if not, why and what would mend it. */
import type { Capabilities, Requirements } from '../../../shared/protocol/work.ts';
import { hasBrowsers } from '../../runs/rules/needs.ts';

export interface Candidate {
  name: string;
  capabilities: Pick<Capabilities, 'platform' | 'arch' | 'cpus' | 'memory_bytes' | 'disk_free_bytes' | 'displays'> & {
    browsers: ReadonlySet<string>;
  };
  tags: readonly string[];
  /** Its circuit breaker is open: until when it gets no work (milliseconds since the epoch), and why. */
  heldBack?: { until: number; reason: string } | null;
}

/** Null where it matches; else what is missing, in words that complete "worker X …". */
export function whyNotMatching(requirements: Requirements, candidate: Candidate): string | null {
  const { capabilities: has, tags } = candidate;
  const missingBrowsers = (requirements.browsers ?? []).filter((browser) => !has.browsers.has(browser));
  if (missingBrowsers.length > 0) return `has no ${missingBrowsers.join(', ')}`;
  if (requirements.platform && !requirements.platform.includes(has.platform)) return `runs ${has.platform}`;
  if (requirements.arch && !requirements.arch.includes(has.arch)) return `is ${has.arch}`;
  if (requirements.min_cpus !== undefined && has.cpus < requirements.min_cpus) return `has ${has.cpus} CPUs`;
  if (requirements.min_memory_bytes !== undefined && has.memory_bytes < requirements.min_memory_bytes) {
    return `has ${gib(has.memory_bytes)} of memory`;
  }
  if (requirements.min_disk_bytes !== undefined && (has.disk_free_bytes ?? 0) < requirements.min_disk_bytes) {
    return `has ${gib(has.disk_free_bytes ?? 0)} of free disk`;
  }
  if (requirements.min_displays !== undefined && has.displays < requirements.min_displays)
    return `has ${has.displays} displays`;
  const missingTags = (requirements.tags ?? []).filter((tag) => !tags.includes(tag));
  if (missingTags.length > 0) return `lacks the tag ${missingTags.join(', ')}`;
  return null;
}

/**
 * Why nobody can serve a run's pending tasks, with the mend; null where somebody can. `needs` are the browser sets of its pending tasks
 * (see `tasks.needs`).
 */
export function whyUnservable(
  requirements: Requirements,
  needs: readonly string[],
  connected: readonly Candidate[],
): string | null {
  if (connected.length === 0) {
    return 'No worker is connected. Start one on any machine: playfleet worker --join <address>#<token> (playfleet token create --join makes a token)';
  }
  const matching = connected.filter((candidate) => whyNotMatching(requirements, candidate) === null);
  if (matching.length === 0) {
    const reasons = connected
      .slice(0, 5)
      .map((candidate) => `${candidate.name} ${whyNotMatching(requirements, candidate)}`);
    return `No connected worker meets what this run requires: ${reasons.join('; ')}. Connect one that does, or change --require`;
  }
  const ableFor = (set: string) => matching.filter((one) => hasBrowsers(set, one.capabilities.browsers));
  const outOfService = needs.map(ableFor).find((able) => able.length > 0 && able.every((one) => one.heldBack));
  if (outOfService) return whyHeldBack(outOfService);
  const unserved = needs.filter(
    (set) => !matching.some((candidate) => hasBrowsers(set, candidate.capabilities.browsers)),
  );
  if (unserved.length === 0) return null;
  const browsers = [...new Set(unserved.flatMap((set) => set.split(',')))].filter(
    (browser) => !matching.some((candidate) => candidate.capabilities.browsers.has(browser)),
  );
  const wanted = browsers.length > 0 ? browsers.join(' and ') : unserved.join(' or ');
  return `No connected worker can launch ${wanted}. Install it on one of them: npx playwright install ${wanted.replaceAll(' and ', ' ')}, then restart its agent`;
}

function whyHeldBack(able: readonly Candidate[]): string {
  const soonest = able.toSorted((a, b) => (a.heldBack?.until ?? 0) - (b.heldBack?.until ?? 0)).slice(0, 5);
  const each = soonest.map(
    ({ name, heldBack }) => `${name} until ${new Date(heldBack?.until ?? 0).toISOString()} (${heldBack?.reason ?? ''})`,
  );
  return `Every connected worker that could serve this run is held back after failures: ${each.join('; ')}. The first of them is tried again then; when you have mended one, tell so: playfleet workers reset ${soonest[0]?.name ?? '<name>'}`;
}

const gib = (bytes: number) => `${Math.round((bytes / 2 ** 30) * 10) / 10} GiB`;
