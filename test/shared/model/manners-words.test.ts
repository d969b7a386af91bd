import { expect, test } from 'vitest';
import { statusInWords, whyForTeam, whyInWords, WORD_LANGUAGES } from '../../../shared/model/manners-words.ts';
import type { AgentStatus, Why } from '../../../shared/protocol/desktop/agent.ts';

const now = Date.parse('2026-11-23T11:00:00Z');
const how = { timeZone: 'Europe/Berlin', now };
const ALL: Why[] = [
  { mode: 'pause', reason: 'suspending', until: null },
  { mode: 'pause', reason: 'owner', until: now + 3_600_000 },
  { mode: 'pause', reason: 'owner', until: null },
  { mode: 'pause', reason: 'outsideHours', until: Date.parse('2026-11-24T08:00:00Z') },
  { mode: 'pause', reason: 'outsideHours', until: Date.parse('2026-12-28T08:00:00Z') },
  { mode: 'pause', reason: 'outsideHours', until: null },
  { mode: 'pause', reason: 'battery', belowPercent: null, until: null },
  { mode: 'fewer', reason: 'battery', belowPercent: 30, until: null },
  { mode: 'pause', reason: 'metered', until: null },
  { mode: 'pause', reason: 'thermal', until: null },
  { mode: 'pause', reason: 'fullScreen', until: null },
  { mode: 'fewer', reason: 'userActive', idleSeconds: 300, until: null },
  { mode: 'pause', reason: 'foreignLoad', abovePercent: 60, until: null },
];
const status = (part: Partial<AgentStatus>): AgentStatus => ({
  state: 'idle',
  version: '1.0.0',
  worker: 'desk',
  coordinator: 'http://127.0.0.1:4800',
  slots: { total: 4, lent: 4, busy: 0 },
  tests: [],
  why: [],
  problem: null,
  ...part,
});

test('every reason has words of its own in every language, with all values put in', () => {
  for (const language of WORD_LANGUAGES) {
    const said = ALL.map((why) => whyInWords(why, { ...how, language }));
    expect(new Set(said).size).toBe(ALL.length);
    for (const text of said) expect(text).not.toMatch(/[{}]|undefined|NaN|^$/);
  }
});

test('times are those of the zone: today by the hour, this week by the day, later by the date', () => {
  const said = (language: 'en' | 'de') => [1, 3, 4].map((at) => whyInWords(ALL[at]!, { ...how, language }));
  expect(said('en')).toEqual([
    'by you until 13:00',
    'outside its hours until Tue 09:00',
    'outside its hours until 28/12/2026 09:00',
  ]);
  expect(said('de')).toEqual([
    'von dir bis 13:00',
    'außerhalb der Zeiten bis Di 09:00',
    'außerhalb der Zeiten bis 28.12.2026 09:00',
  ]);
});

test('one line says what the machine does, and why', () => {
  const line = (part: Partial<AgentStatus>) => statusInWords(status(part), { ...how, language: 'en' });
  const [fewer, paused] = [ALL[11]!, ALL[6]!];
  expect([
    line({ state: 'starting' }),
    line({}),
    line({ state: 'busy', slots: { total: 4, lent: 4, busy: 2 } }),
    line({ slots: { total: 4, lent: 1, busy: 0 }, why: [fewer] }),
    line({ state: 'busy', slots: { total: 4, lent: 1, busy: 1 }, why: [fewer] }),
    line({ state: 'paused', slots: { total: 4, lent: 0, busy: 1 }, why: [paused, fewer] }),
    line({ state: 'offline', why: [fewer] }),
    line({ state: 'attention', problem: { message: 'the disk is full', mend: 'Free some space.' } }),
    line({ state: 'draining', why: [paused] }),
  ]).toEqual([
    'Starting',
    'Ready: nothing to run',
    'Running on 2 of 4 slots',
    '1 of 4 slots: you are using this computer; it goes on 5 min after your last input',
    'Running on 1 of 1 slots: you are using this computer; it goes on 5 min after your last input',
    'Paused: this computer runs on battery',
    'No connection to the coordinator',
    'Needs your attention: the disk is full. Free some space.',
    'Finishing what runs, then stopping',
  ]);
});

test('the team is not told who sits at a machine and what they do there', () => {
  const private_ = ALL.filter(({ reason }) => ['fullScreen', 'userActive', 'foreignLoad'].includes(reason));
  expect(new Set(private_.map((why) => whyForTeam(why, how)))).toEqual(new Set(['its owner needs the machine']));
  expect(whyForTeam(ALL[3]!, how)).toBe('outside its hours until Tue 09:00');
});
