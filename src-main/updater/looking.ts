/** One step of an updater: it looks into the feed, and says what it found there. */
import { compareVersions } from '../../shared/base/version.ts';
import type { Judged } from '../../shared/model/update-trust.ts';
import { lookIntoFeed, type Offer } from './feed.ts';
import { messageOf, type Situation } from './situation.ts';

/** Rejects where the program ends meanwhile, or the disk refuses what must be remembered. */
export async function look(situation: Situation): Promise<void> {
  const { options, state, stopping } = situation;
  const { version, keys, source, channel, platform, arch, machineId, installer, clock, log } = options;
  const from = source();
  if (from === null) return;
  const { seen, bad, failedChecks, loaded } = state.now;
  const follows = channel();
  situation.tell({ state: 'checking' });
  if (situation.asked === 'check') situation.asked = null;
  try {
    const { judged, seen: shown } = await lookIntoFeed({
      source: from,
      keys,
      machine: {
        now: clock.now(),
        channel: follows,
        installed: version,
        seen: seen[follows] ?? null,
        bad: bad.map((one) => one.version),
        machineId: machineId(),
      },
      target: { platform, arch, format: installer.format },
      clock,
      signal: stopping.signal,
    });
    await state.change({
      lastCheckAt: clock.now(),
      failedChecks: 0,
      ...(shown ? { seen: { ...seen, [follows]: newest(seen[follows], shown) } } : {}),
    });
    situation.offer = judged.ok ? judged.value : null;
    if (loaded && loaded.version !== situation.offer?.manifest.version && state.now.trial === null)
      await state.change({ loaded: null });
    // What was asked for is not there: nobody waits for the next version without knowing.
    if (!judged.ok) situation.asked = null;
    tellJudged(situation, judged);
  } catch (error) {
    stopping.signal.throwIfAborted();
    situation.asked = null;
    await state.change({ lastCheckAt: clock.now(), failedChecks: failedChecks + 1 });
    log.warn({ feed: from.url }, messageOf(error));
    situation.fail(error);
  }
}

function tellJudged(situation: Situation, judged: Judged<Offer>): void {
  const { log } = situation.options;
  const checkedAt = situation.state.now.lastCheckAt;
  if (judged.ok) {
    const { version } = judged.value.manifest;
    if (version !== situation.status.version) log.info({ version }, 'an update is there');
    situation.tell({ state: 'available', version, problem: null, waitingFor: null, checkedAt });
    return;
  }
  const refused = 'refused' in judged;
  if (refused && judged.why !== situation.status.problem)
    log.warn({ code: judged.refused }, `an update was refused: ${judged.why}`);
  situation.tell({
    state: refused ? 'refused' : 'none',
    version: null,
    problem: refused ? judged.why : null,
    waitingFor: null,
    percent: null,
    checkedAt,
  });
}

type Seen = { version: string; signedAt: number };

function newest(before: Seen | undefined, shown: Seen): Seen {
  if (before === undefined) return shown;
  return {
    version: compareVersions(shown.version, before.version) > 0 ? shown.version : before.version,
    signedAt: Math.max(shown.signedAt, before.signedAt),
  };
}
