/** Whether a worker can serve a run, and if not, why and what would mend it. */
import type { Capabilities, Requirements } from '../../../shared/protocol/work.ts';
import { hasBrowsers } from '../../runs/rules/needs.ts';
import { askInWords, NOTHING, slotsThatFit, type Ask } from './requests.ts';

/** First link protocol whose agents know how to hide secrets. */
const HIDES_SECRETS = 4;

/** What a run asks of a worker. */
export interface Wanted extends Requirements {
  /** Id of the one whose run it is. */
  team?: string;
  /** Name. */
  project?: string;
  /** Its tasks are given secrets. */
  hasSecrets?: boolean;
}

export interface Candidate {
  name: string;
  capabilities: Pick<Capabilities, 'platform' | 'arch' | 'cpus' | 'memory_bytes' | 'disk_free_bytes' | 'displays'> & {
    browsers: ReadonlySet<string>;
  };
  tags: readonly string[];
  /** The only team that it works for; null or left out: all. */
  team?: string | null;
  /** Its circuit breaker is open: until when it gets no work (milliseconds since the epoch), and why. */
  heldBack?: { until: number; reason: string } | null;
  /** Of its agent link; null for a worker that only polls. */
  protocol?: number | null;
  /** false: nobody has approved it yet. */
  approved?: boolean;
  /** Names of the projects that its owner lets run; null: all. */
  allowProjects?: readonly string[] | null;
}

const worksFor = ({ team }: Wanted, candidate: Candidate): boolean => (candidate.team ?? team) === team;

/** Null where it matches; else what is missing, in words that complete "worker X …". */
export function whyNotMatching(requirements: Wanted, candidate: Candidate): string | null {
  if (!worksFor(requirements, candidate)) return 'works for another team';
  const { capabilities: has, tags, protocol = null, approved = true, allowProjects = null } = candidate;
  if (!approved) return `waits for an admin to approve it: playfleet workers approve ${candidate.name}`;
  if (allowProjects && requirements.project !== undefined && !allowProjects.includes(requirements.project)) {
    return `does not run this project: its owner allows ${allowProjects.join(', ') || 'none'}`;
  }
  if (requirements.hasSecrets === true && protocol !== null && protocol < HIDES_SECRETS) {
    return 'has an agent that cannot hide secrets yet: update it';
  }
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

/** What some tasks of a run need of a worker. */
export interface Needed extends Ask {
  requirements: Wanted;
  /** Browsers, as `tasks.needs` holds them. */
  needs: string;
}

/** Why nobody can serve a run's tasks, with the mend; null where somebody can. */
export function whyUnservable(demands: readonly Needed[], all: readonly Candidate[]): string | null {
  // Those of other teams are not named to this one.
  const connected = all.filter((candidate) => demands.every(({ requirements }) => worksFor(requirements, candidate)));
  if (connected.length === 0) {
    return 'No worker is connected. Start one on any machine: playfleet worker --join <address>#<token> (playfleet token create --join makes a token)';
  }
  const matching = (one: Needed) =>
    connected.filter((candidate) => whyNotMatching(one.requirements, candidate) === null);
  const unmatched = demands.find((one) => matching(one).length === 0);
  if (unmatched) {
    const reasons = connected
      .slice(0, 5)
      .map((candidate) => `${candidate.name} ${whyNotMatching(unmatched.requirements, candidate)}`);
    return `No connected worker meets what this run requires: ${reasons.join('; ')}. Connect one that does, or change --require`;
  }
  const ableFor = (one: Needed) =>
    matching(one).filter((candidate) => hasBrowsers(one.needs, candidate.capabilities.browsers));
  return (
    firstReason(demands, (one) => whyOutOfService(ableFor(one))) ??
    whyNoBrowser(
      demands.filter((one) => ableFor(one).length === 0),
      matching,
    ) ??
    firstReason(demands, (one) => whyTooSmall(one, ableFor(one)))
  );
}

function firstReason(demands: readonly Needed[], why: (one: Needed) => string | null): string | null {
  for (const one of demands) {
    const reason = why(one);
    if (reason !== null) return reason;
  }
  return null;
}

const whyOutOfService = (able: readonly Candidate[]): string | null =>
  able.length > 0 && able.every((one) => one.heldBack) ? whyHeldBack(able) : null;

function whyNoBrowser(unserved: readonly Needed[], matching: (one: Needed) => Candidate[]): string | null {
  if (unserved.length === 0) return null;
  const missing = unserved.flatMap((one) =>
    one.needs
      .split(',')
      .filter((browser) => !matching(one).some((candidate) => candidate.capabilities.browsers.has(browser))),
  );
  const browsers = [...new Set(missing)];
  const wanted = browsers.length > 0 ? browsers.join(' and ') : unserved.map(({ needs }) => needs).join(' or ');
  return `No connected worker can launch ${wanted}. Install it on one of them: npx playwright install ${wanted.replaceAll(' and ', ' ')}, then restart its agent`;
}

/** For tasks that ask for more than any of these workers has, even with nothing else on it. */
function whyTooSmall(ask: Needed, able: readonly Candidate[]): string | null {
  if (able.some(({ capabilities }) => slotsThatFit(capabilities, NOTHING, ask) >= 1)) return null;
  const has = able
    .slice(0, 5)
    .map(
      ({ name, capabilities: { cpus, memory_bytes } }) =>
        `${name} has ${askInWords({ cpus, memoryBytes: memory_bytes })}`,
    );
  return `Tasks of this run ask for ${askInWords(ask)} for each slot, more than any connected worker has: ${has.join('; ')}. Connect a larger one, or lower requests (--request)`;
}

function whyHeldBack(able: readonly Candidate[]): string {
  const soonest = able.toSorted((a, b) => (a.heldBack?.until ?? 0) - (b.heldBack?.until ?? 0)).slice(0, 5);
  const each = soonest.map(
    ({ name, heldBack }) => `${name} until ${new Date(heldBack?.until ?? 0).toISOString()} (${heldBack?.reason ?? ''})`,
  );
  return `Every connected worker that could serve this run is held back after failures: ${each.join('; ')}. The first of them is tried again then; when you have mended one, tell so: playfleet workers reset ${soonest[0]?.name ?? '<name>'}`;
}

const gib = (bytes: number) => `${Math.round((bytes / 2 ** 30) * 10) / 10} GiB`;
