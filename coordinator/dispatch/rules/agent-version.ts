/** Which agents get work, by their version (setting minimum_agent_version). */
import { compareVersions } from '../../../shared/base/version.ts';

const MEND =
  'The desktop app and workers with --update-command do so by themselves; packages are listed at /api/v1/updates of the coordinator';

/** Why an agent of this version gets no work, and what to do; null: it does. `version` null: it has not said one. */
export function whyTooOld(version: string | null, least: string | null): string | null {
  if (least === null) return null;
  const rule = `this coordinator gives work to agents from ${least} on`;
  if (version === null) return `${rule}, this one has not said its version: say it as agent_version in the heartbeat`;
  return compareVersions(version, least) >= 0 ? null : `${rule}, this one is ${version}: update it. ${MEND}`;
}
