/** The quick families of attacks, against a coordinator in this process. `npm run test:hostile` tries all of them on programs. */
import { expect, test } from 'vitest';
import { startCoordinator } from '../support/coordinator.ts';
import { tempFolder } from '../support/folders.ts';
import { carryOut, type Family } from './attack.ts';
import { crossSite } from './cross-site.ts';
import { git } from './git.ts';
import { link } from './link.ts';
import { oddRequests } from './odd-requests.ts';
import { outbound } from './outbound.ts';
import { replay } from './replay.ts';
import { trees } from './trees.ts';
import { zips } from './zips.ts';

const FAMILIES: [string, number, Family][] = [
  ['zips', 15, zips],
  ['trees', 25, trees],
  ['git', 40, git],
  ['outbound calls', 40, outbound],
  ['pages of other sites', 20, crossSite],
  ['replays', 18, replay],
  ['odd requests', 20, oddRequests],
  ['workers on the link', 15, link],
];

test.each(FAMILIES)('every attack by %s is stopped', async (_, least, family) => {
  const target = await startCoordinator();
  await target.request('PUT', '/api/v1/settings', { rate_limit_failed_sign_ins_per_minute: 10_000 });
  const cleanUps: (() => unknown)[] = [];
  try {
    const arena = { target, folder: tempFolder(), after: (cleanUp: () => unknown) => void cleanUps.push(cleanUp) };
    const outcomes = await carryOut(await family(arena));
    expect(outcomes.filter(({ failure }) => failure !== null)).toEqual([]);
    expect(outcomes.length).toBeGreaterThan(least);
  } finally {
    for (const cleanUp of cleanUps.reverse()) await cleanUp();
  }
});

test('an attack that gets through is told', async () => {
  const outcomes = await carryOut([
    { attack: 'one that is stopped', run: () => Promise.resolve('a wall') },
    { attack: 'one that is not', run: () => Promise.reject(new Error('nothing stopped it')) },
  ]);
  expect(outcomes).toEqual([
    { attack: 'one that is stopped', stoppedBy: 'a wall', failure: null, trusted: false },
    { attack: 'one that is not', stoppedBy: null, failure: 'nothing stopped it', trusted: false },
  ]);
});
