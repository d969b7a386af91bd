/**
 * When an updater looks for updates, loads them and installs them: facts in; what to do now, why in words, and when to look again out. People
 * notice an update only by a new version number: never during a task, never when their working day begins, never while they look at it.
 */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Between two looks at the feed; each machine a little earlier or later than others. */
export const CHECK_EVERY_MS = 4 * HOUR;
/** After a start, when the machine has other things to do. */
export const FIRST_CHECK_MS = 2 * MINUTE;
const RETRY = { firstMs: 5 * MINUTE, mostMs: 4 * HOUR };
/** Nothing is installed so long after the working day has begun, nor when it begins within so long. */
export const HANDS_OFF_MS = MINUTE;
/** A machine that is never idle takes no new tasks after so long, so that the update comes to its turn. */
export const PATIENCE_MS = 4 * HOUR;
/** Tasks end without telling; this is how often somebody looks. */
const LOOK_MS = 15_000;

export interface UpdateFacts {
  now: number;
  /** When this program started. */
  startedAt: number;
  /** 0 ≤ x < 1, the same at each look on one machine. */
  jitter: number;
  lastCheckAt: number | null;
  /** In a row, with the last at `lastCheckAt`. */
  failedChecks: number;
  /** Looking for updates and loading them without being asked. */
  automatic: boolean;
  /** Passed all checks. */
  offer: { version: string; failedDownloads: number; lastDownloadAt: number | null } | null;
  /** The package of the offer is here, checked. */
  loadedAt: number | null;
  /** null: it can be installed here. Else why not. */
  cannotInstall: string | null;
  /** Not before, by the owner's wish. */
  postponedUntil: number | null;
  /** After an installation that failed: when it is tried again. */
  installRetryAt: number | null;
  /** What the owner asked for last, until it is done. install: as soon as it disturbs nobody; now: whatever runs. */
  asked: 'check' | 'install' | 'now' | null;
  /** The coordinator gives no work to this version: there is nothing to disturb. */
  isShutOut: boolean;
  /** This version was just installed and has not come to work yet: its package may still be replaced by the one before. */
  isOnTrial: boolean;
  machine: {
    /** Tasks that run. */
    running: number;
    /** The network costs by the byte. */
    isMetered: boolean;
    /** Somebody has the app's window before them. */
    isWatched: boolean;
    /** When the working hours that are now have begun, and when the next begin; null: none. */
    hoursBeganAt: number | null;
    hoursBeginAt: number | null;
  };
}

export interface UpdateDecision {
  /** drain: take no new tasks, so that it can be installed; give_back: what runs goes to other machines, too. */
  do: 'wait' | 'check' | 'download' | 'drain' | 'give_back' | 'install';
  /** For people. */
  why: string;
  /** Milliseconds since the epoch; what happens meanwhile may be a reason to look earlier. */
  lookAgainAt: number;
}

export function decideUpdate(facts: UpdateFacts): UpdateDecision {
  const { now, asked, loadedAt, offer, cannotInstall, isOnTrial } = facts;
  const wantsInstall = asked === 'install' || asked === 'now';
  const nextCheck = nextCheckAt(facts);
  const isBlind = wantsInstall && offer === null;
  if (asked === 'check' || isBlind || (now >= nextCheck && !(wantsInstall && loadedAt !== null)))
    return { do: 'check', why: 'looking for an update', lookAgainAt: now + LOOK_MS };
  const isLoaded = loadedAt !== null && cannotInstall === null;
  const decision = isOnTrial
    ? wait('this version to come to work first', now + LOOK_MS)
    : offer === null
      ? idle(facts)
      : !isLoaded
        ? beforeDownload(facts, offer)
        : beforeInstall(facts, loadedAt);
  return { ...decision, lookAgainAt: Math.max(now + 1, Math.min(decision.lookAgainAt, nextCheck)) };
}

function nextCheckAt({ startedAt, lastCheckAt, failedChecks, jitter, automatic, isShutOut }: UpdateFacts): number {
  if (!automatic && !isShutOut) return Infinity;
  // Who is given no work looks at once: that is what they are waiting for.
  if (lastCheckAt === null || lastCheckAt < startedAt - CHECK_EVERY_MS)
    return isShutOut ? startedAt : startedAt + FIRST_CHECK_MS * (1 + jitter);
  if (failedChecks > 0) return lastCheckAt + retryMs(failedChecks, jitter);
  return lastCheckAt + (isShutOut ? RETRY.firstMs : CHECK_EVERY_MS) * (0.9 + 0.2 * jitter);
}

const retryMs = (failures: number, jitter: number): number =>
  Math.min(RETRY.mostMs, RETRY.firstMs * 2 ** (failures - 1)) * (0.75 + 0.5 * jitter);

const wait = (why: string, lookAgainAt: number): UpdateDecision => ({ do: 'wait', why, lookAgainAt });

const idle = ({ automatic }: UpdateFacts): UpdateDecision =>
  wait(automatic ? 'no update is due' : 'updates are looked for only when you ask', Infinity);

function beforeDownload(facts: UpdateFacts, offer: NonNullable<UpdateFacts['offer']>): UpdateDecision {
  const { now, automatic, asked, isShutOut, jitter, machine, cannotInstall } = facts;
  const isWanted = asked === 'install' || asked === 'now' || isShutOut;
  if (cannotInstall !== null) return wait(`${offer.version} is there: ${cannotInstall}`, Infinity);
  if (!automatic && !isWanted) return wait(`${offer.version} is there; it is loaded when you ask`, Infinity);
  if (machine.isMetered && !isWanted)
    return wait(`${offer.version} is loaded on a network that does not cost by the byte`, now + 5 * MINUTE);
  const retryAt = offer.lastDownloadAt === null ? 0 : offer.lastDownloadAt + retryMs(offer.failedDownloads, jitter);
  if (offer.failedDownloads > 0 && now < retryAt)
    return wait(`${offer.version} could not be loaded; it is tried again`, retryAt);
  return { do: 'download', why: `loading ${offer.version}`, lookAgainAt: now + LOOK_MS };
}

function beforeInstall(facts: UpdateFacts, loadedAt: number): UpdateDecision {
  const { now, asked, isShutOut, postponedUntil, installRetryAt, machine } = facts;
  const install: UpdateDecision = { do: 'install', why: 'nothing is in the way', lookAgainAt: now + LOOK_MS };
  if (asked === 'now' && machine.running > 0)
    return { do: 'give_back', why: 'what runs to be given back', lookAgainAt: now + LOOK_MS };
  if (asked === 'now') return { ...install, why: 'you asked for it now' };
  if (postponedUntil !== null && postponedUntil > now && asked !== 'install')
    return wait('you have put it off', postponedUntil);
  if (installRetryAt !== null && installRetryAt > now && asked !== 'install')
    return wait('another try: the installation before did not work', installRetryAt);
  if (machine.running > 0) {
    const what = machine.running === 1 ? 'the task that runs' : `${machine.running} tasks that run`;
    const isLate = asked === 'install' || now - loadedAt >= PATIENCE_MS;
    if (isLate)
      return { do: 'drain', why: `${what}; no new ones begin until it is installed`, lookAgainAt: now + LOOK_MS };
    return wait(what, Math.min(now + LOOK_MS, loadedAt + PATIENCE_MS));
  }
  if (isShutOut) return { ...install, why: 'the coordinator gives no work to this version' };
  const { hoursBeganAt, hoursBeginAt } = machine;
  if (hoursBeganAt !== null && now - hoursBeganAt < HANDS_OFF_MS)
    return wait('the first minute of the working hours', hoursBeganAt + HANDS_OFF_MS);
  if (hoursBeginAt !== null && hoursBeginAt - now <= HANDS_OFF_MS)
    return wait('the working hours that begin in a moment', hoursBeginAt + HANDS_OFF_MS);
  if (machine.isWatched && asked !== 'install') return wait('the window of the app to be closed', now + LOOK_MS);
  return install;
}
