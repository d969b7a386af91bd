/** CPUs and memory for each slot, as people type them: `cpus=2,memory=4GB`, and for tests with a tag `@heavy:cpus=4`. */
import { requests, type Request, type Requests } from '../../../shared/protocol/work.ts';
import { CliFailure } from '../failure.ts';
import { byteCount } from './quantities.ts';

const HELP = 'As in --request cpus=2,memory=4GB, or for tests with a tag: --request @heavy:cpus=4.';

/** Throws CliFailure that names what is wrong. */
export function requestsOf(texts: readonly string[]): Requests {
  const base: Request = {};
  const byTag: Record<string, Request> = {};
  for (const text of texts) {
    const tagged = /^(@[^:]+):(.*)$/.exec(text);
    const into = tagged ? (byTag[tagged[1] ?? ''] ??= {}) : base;
    for (const item of (tagged?.[2] ?? text).split(',').map((one) => one.trim())) addTo(into, item);
  }
  const parsed = requests.safeParse({ ...base, ...(Object.keys(byTag).length > 0 ? { by_tag: byTag } : {}) });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new CliFailure(`--request ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not accepted'}.`, HELP);
}

function addTo(request: Request, item: string): void {
  const [key = '', value = ''] = item.split('=', 2);
  if (value === '') throw new CliFailure(`--request ${item}: a value is missing.`, HELP);
  if (key === 'cpus') {
    const cpus = Number(value);
    if (!/^\d+(\.\d+)?$/.test(value))
      throw new CliFailure(`--request cpus takes a number such as 2 or 0.5, not "${value}".`);
    request.cpus = cpus;
  } else if (key === 'memory') request.memory_bytes = byteCount('--request memory', value);
  else throw new CliFailure(`--request ${key}: not known.`, HELP);
}
