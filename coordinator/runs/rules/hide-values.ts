/** Who only looks at a run is not told the values of its variables: names say what was set, and people do put passwords there. */
import { MASK } from '../../../shared/base/redact.ts';
import type { RunConfig } from '../../../shared/protocol/work.ts';

export function hideValues(config: RunConfig): RunConfig {
  return { ...config, env: Object.fromEntries(Object.keys(config.env).map((name) => [name, MASK])) };
}
