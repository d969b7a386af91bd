/** Pure decisions about workers. */
import {
  workerCapabilities,
  type CapabilitiesInput,
  type WorkerCapabilities,
  type WorkerIntent,
  type WorkerStatus,
} from '../../shared/protocol/rest/workers.ts';
import { capabilities, type BrowserName } from '../../shared/protocol/work.ts';

export const DEFAULT_MAX_PARALLEL = 4;

const KNOWN = new Set([...Object.keys(capabilities.shape), 'max_parallel']);
const PLATFORMS: Record<string, string> = { windows: 'win32', macos: 'darwin' };

/** The one form in which capabilities are kept, from whatever form a worker said them in. What a simple worker left out counts as little. */
export function normaliseCapabilities(said: CapabilitiesInput): WorkerCapabilities {
  const { browsers, platform, max_parallel, ...rest } = said;
  const known = Object.entries(rest).filter(([key]) => KNOWN.has(key));
  const extra = Object.entries(rest).filter(([key]) => !KNOWN.has(key));
  return workerCapabilities.parse({
    arch: '',
    cpus: 1,
    memory_bytes: 0,
    ...Object.fromEntries(known),
    platform: PLATFORMS[platform] ?? platform,
    browsers: Array.isArray(browsers) ? named(browsers) : browsers,
    max_parallel: max_parallel ?? DEFAULT_MAX_PARALLEL,
    extra: Object.fromEntries(extra),
  });
}

function named(browsers: readonly BrowserName[]): WorkerCapabilities['browsers'] {
  return Object.fromEntries(browsers.map((name) => [name, { version: '', how: 'playwright' as const }]));
}

/** One word for what a worker is doing; `holds` = it has tasks. */
export function statusOf(worker: { intent: WorkerIntent; online: boolean; holds: boolean }): WorkerStatus {
  if (worker.intent === 'maintenance') return 'maintenance';
  if (!worker.online) return 'offline';
  return worker.holds ? 'busy' : 'idle';
}

export interface TagSets {
  /** What the machine says of itself. */
  own: readonly string[];
  /** What people gave it. */
  added: readonly string[];
  /** What people took from it, whether the machine says it now or not. */
  hidden: readonly string[];
}

/** The tags that count. */
export function tagsOf({ own, added, hidden }: TagSets): string[] {
  return [...new Set([...own.filter((tag) => !hidden.includes(tag)), ...added])];
}

/**
 * After people have said what the tags are to be. Only the difference to what the machine says is kept, so that a tag which the machine gets or
 * loses later, and of which nobody spoke, comes and goes with it.
 */
export function withTags({ own, added, hidden }: TagSets, wanted: readonly string[]): TagSets {
  return {
    own,
    added: wanted.filter((tag) => !own.includes(tag) || added.includes(tag)),
    hidden: [...new Set([...own, ...hidden])].filter((tag) => !wanted.includes(tag)),
  };
}
