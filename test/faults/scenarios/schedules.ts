/**
 * What is done by the clock on the wall, across changes of daylight saving time and 29 February: the backups that a coordinator takes, and
 * the hours in which a worker lends its slots.
 */
import path from 'node:path';
import type { BackupsAnswer } from '../../../shared/protocol/rest/backups.ts';
import { api, stop } from '../../../scripts/programs.ts';
import { configure, notMeasured, pause, until, workerIds, type Bench, type Scenario } from '../bench.ts';
import { FAKETIME_MISSING, wallClock, type WallClock } from '../wall-clock.ts';

const ZONE = 'Europe/Berlin';

/** Half past two on the days in question. On 31 October it comes twice, on 26 March not at all. */
const BACKUPS_DUE = [
  '2027-10-30T00:30Z',
  '2027-10-31T00:30Z',
  '2028-02-28T01:30Z',
  '2028-02-29T01:30Z',
  '2028-03-01T01:30Z',
  '2028-03-25T01:30Z',
  '2028-03-26T01:30Z',
].map((at) => Date.parse(at));
/** While a coordinator runs. What was due before is made up for, what is due in it is taken. An hour is left for its start, half of one for the last. */
const WINDOWS = [
  ['2027-10-30T23:30Z', '2027-10-31T02:00Z'],
  ['2028-02-29T00:30Z', '2028-02-29T02:00Z'],
  ['2028-03-01T00:30Z', '2028-03-01T02:00Z'],
  ['2028-03-26T00:30Z', '2028-03-26T02:00Z'],
].map(([from = '', to = '']) => ({ from: Date.parse(from), to: Date.parse(to) }));
/** How much faster all of its clocks go. */
const SPEED = 120;

const HOURS = `sun 2:15-3:15; 2028-02-29 2:15-3:15 ${ZONE}`;
/** When they begin, end, or would do so a second time. */
const MOMENTS = [
  { at: '2027-10-31T00:15Z', does: 'open' },
  { at: '2027-10-31T01:15Z', does: 'nothing' },
  { at: '2027-10-31T02:15Z', does: 'close' },
  { at: '2028-02-29T01:15Z', does: 'open' },
  { at: '2028-02-29T02:15Z', does: 'close' },
  { at: '2028-03-26T01:00Z', does: 'open' },
  { at: '2028-03-26T01:15Z', does: 'close' },
].map(({ at, does }) => ({ at: Date.parse(at), does }));
/** So long before each of them the clock is set. */
const LEAD_MS = 8_000;
/** More than what two clocks of one machine are apart. */
const EARLY_MS = 100;

export const schedules: Scenario = async (bench) => {
  const clock = wallClock(bench.folder);
  if (clock === null) return notMeasured(FAKETIME_MISSING);
  const backups = await backupsOnTime(bench, clock);
  const hours = await hoursOnTime(bench, clock);
  const due = BACKUPS_DUE.length + MOMENTS.filter(({ does }) => does !== 'nothing').length;
  const missed = [...backups.missed, ...hours.missed];
  return {
    acknowledged: due,
    stored: due - missed.length,
    lost: missed.length,
    double_counted: backups.doubled + hours.doubled,
    figures: {
      due,
      missed: missed.length,
      doubled: backups.doubled + hours.doubled,
      early: hours.early,
      failed: backups.failed,
    },
    zero: ['missed', 'doubled', 'early', 'failed'],
    note: ['runs have no schedules of their own yet', ...missed.map((what) => `missed: ${what}`)].join('; '),
  };
};

/** One that was due is missed or taken twice where not exactly one backup was begun between it and the next. */
async function backupsOnTime(bench: Bench, clock: WallClock) {
  const dataDir = path.join(bench.folder, 'backed-up');
  const first = await bench.programs.startCoordinator(dataDir);
  await configure(first, {
    backup_schedule: 'daily',
    backup_time: '02:30',
    backup_zone: ZONE,
    backup_keep_daily: 100,
  });
  await stop(first.process);
  for (const { from, to } of WINDOWS) {
    // All clocks are fast, so that its timers are. Not by the file: while that is read again and again, a clock may step back.
    const { LD_PRELOAD } = clock.env;
    const env = { LD_PRELOAD, FAKETIME: `+${(from - Date.now()) / 1000} x${SPEED}` };
    const ends = Date.now() + (to - from) / SPEED;
    const fast = await bench.programs.startCoordinator(dataDir, { before: first, env });
    // Nobody asks it anything: by its clock, all answers are slow.
    await pause(ends - Date.now());
    await stop(fast.process);
  }
  const last = await bench.programs.startCoordinator(dataDir, { before: first });
  const { attempts } = await api<BackupsAnswer>(last, 'GET', '/backups');
  await stop(last.process);
  const begun = attempts.map(({ started_at: at, state }) => ({ at: Date.parse(at), state }));
  const counts = BACKUPS_DUE.map((due, i) => {
    const next = BACKUPS_DUE[i + 1] ?? Infinity;
    return begun.filter(({ at }) => at >= due && at < next).length;
  });
  return {
    missed: BACKUPS_DUE.filter((_, i) => counts[i] === 0).map((due) => `backup of ${new Date(due).toISOString()}`),
    doubled: counts.reduce((sum, count) => sum + Math.max(0, count - 1), 0),
    failed: begun.filter(({ state }) => state !== 'done').length,
  };
}

/** A worker opens or closes for each moment once, and not before it. */
async function hoursOnTime(bench: Bench, clock: WallClock) {
  const coordinator = await bench.programs.startCoordinator(path.join(bench.folder, 'coordinator'));
  /** From now on, the worker's clock shows `at`. */
  const set = (at: number) => clock.set(`+${(at - Date.now()) / 1000}`);
  set(MOMENTS[0]!.at - 3_600_000);
  const dataDir = path.join(bench.folder, 'worker');
  await bench.programs.startWorker(coordinator, {
    name: 'by-hours',
    slots: 1,
    dataDir,
    args: ['--hours', HOURS],
    env: clock.env,
  });
  const id = await until(
    async () => (await workerIds(coordinator)).get('by-hours'),
    (found) => found !== undefined,
    'the worker',
  );
  /** Each time that it turned round, oldest first. */
  const turns = async (): Promise<{ at: number; open: boolean }[]> => {
    const { items } = await api<{ items: { at: string; data: { intent: string } }[] }>(
      coordinator,
      'GET',
      `/events?limit=500&worker_id=${id}&type=worker.intent`,
    );
    const all = items.map(({ at, data }) => ({ at: Date.parse(at), open: data.intent === 'active' }));
    all.sort((a, b) => a.at - b.at);
    return all.filter(({ open }, i) => open !== (all[i - 1]?.open ?? true));
  };
  await until(turns, (all) => all.at(-1)?.open === false, 'the worker to be closed');
  const found = { missed: [] as string[], doubled: 0, early: 0 };
  for (const { at, does } of MOMENTS) {
    const before = (await turns()).length;
    const comesAt = Date.now() + LEAD_MS;
    set(at - LEAD_MS);
    const expected = does === 'nothing' ? 0 : 1;
    if (expected === 1)
      await until(turns, (all) => all.length > before, `the worker to ${does}`, 60_000).catch(() => undefined);
    await pause(Math.max(0, comesAt - Date.now()) + 2_000);
    const since = (await turns()).slice(before);
    found.early += since.filter((turn) => turn.at < comesAt - EARLY_MS).length;
    if (since.length < expected) found.missed.push(`${does} at ${new Date(at).toISOString()}`);
    found.doubled += Math.max(0, since.length - expected);
  }
  return found;
}
