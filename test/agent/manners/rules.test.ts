import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decide,
  FIRST_MEMORY,
  LEAST_ON_MS,
  NOTHING_KNOWN,
  type Circumstances,
  type Decision,
  type Facts,
  type Memory,
} from '../../../src-main/agent/manners/rules.ts';
import { manners, NO_MANNERS, THERMAL_STATES, type Manners } from '../../../shared/protocol/desktop/manners.ts';

const NOON = Date.parse('2026-11-23T11:00:00Z');
const SECOND = 1000;
const settings = (part: object): Manners => manners.parse({ version: 1, ...part });

/** Decides again and again with one memory, as the agent does. */
class Machine {
  now = NOON;
  readonly is: Circumstances;
  #memory: Memory = FIRST_MEMORY;

  constructor(part: object) {
    this.is = {
      manners: settings(part),
      facts: NOTHING_KNOWN,
      ownPause: null,
      isSuspending: false,
      slots: 4,
    };
  }

  after(ms: number, facts: Partial<Facts> = {}): Decision {
    this.now += ms;
    this.is.facts = { ...this.is.facts, ...facts };
    const { decision, memory } = decide(this.#memory, this.is, this.now);
    this.#memory = memory;
    return decision;
  }
}

const reasons = ({ why }: Decision): string[] => why.map(({ reason }) => reason);

/** [settings, facts, mode and reason that they lead to at once, or null]. */
const AT_ONCE: [string, object, Partial<Facts>, string | null][] = [
  ['battery', { battery: { mode: 'pause' } }, { onBattery: true }, 'pause battery'],
  ['mains', { battery: { mode: 'pause' } }, { onBattery: false, batteryPercent: 3 }, null],
  ['a full battery', { battery: { mode: 'pause', belowPercent: 40 } }, { onBattery: true, batteryPercent: 40 }, null],
  [
    'a low one',
    { battery: { mode: 'fewer', belowPercent: 40 } },
    { onBattery: true, batteryPercent: 39 },
    'fewer battery',
  ],
  ['one that does not tell', { battery: { mode: 'pause', belowPercent: 40 } }, { onBattery: true }, null],
  ['a metered network', { metered: { mode: 'pause' } }, { metered: true }, 'pause metered'],
  ['a film', { fullScreen: { mode: 'pause' } }, { fullScreen: true }, 'pause fullScreen'],
  ['a film behind a locked screen', { fullScreen: { mode: 'pause' } }, { fullScreen: true, locked: true }, null],
  ['warm', { thermal: { mode: 'pause' } }, { thermal: 'fair' }, null],
  ['hot', { thermal: { mode: 'pause' } }, { thermal: 'serious' }, 'pause thermal'],
  ['warm, and minded', { thermal: { mode: 'fewer', from: 'fair' } }, { thermal: 'fair' }, 'fewer thermal'],
  ['a user', { userActive: { mode: 'pause' } }, { lastInputAt: NOON - 5 * SECOND }, 'pause userActive'],
  ['nobody for long', { userActive: { mode: 'pause' } }, { lastInputAt: NOON - 300 * SECOND }, null],
  ['a locked screen', { userActive: { mode: 'pause' } }, { lastInputAt: NOON, locked: true }, null],
  [
    'a locked screen that does not count',
    { userActive: { mode: 'pause', notWhileLocked: false } },
    { lastInputAt: NOON, locked: true },
    'pause userActive',
  ],
];

test.each(AT_ONCE)('at once: %s', (_name, part, facts, expected) => {
  const machine = new Machine(part);
  const { why, slots } = machine.after(0, facts);
  expect(why.map(({ mode, reason }) => `${mode} ${reason}`)).toEqual(expected === null ? [] : [expected]);
  expect(slots).toBe(expected === null ? 4 : expected.startsWith('pause') ? 0 : 1);
});

test('what is not known never holds a machine back, whatever is set', () => {
  for (const mode of ['fewer', 'pause']) {
    const all = ['battery', 'metered', 'thermal', 'fullScreen', 'userActive', 'foreignLoad'];
    const machine = new Machine(Object.fromEntries(all.map((rule) => [rule, { mode }])));
    expect(machine.after(0)).toEqual({ slots: 4, cpuPriority: 'normal', why: [], nextAt: null });
  }
});

test('what is switched off does not count, whatever is known', () => {
  const facts: Facts = {
    lastInputAt: NOON,
    onBattery: true,
    batteryPercent: 1,
    metered: true,
    fullScreen: true,
    locked: false,
    thermal: 'critical',
    foreignPercent: 100,
  };
  const machine = new Machine({});
  machine.after(0, facts);
  expect(machine.after(3600 * SECOND)).toEqual({ slots: 4, cpuPriority: 'normal', why: [], nextAt: null });
});

test('the most important reason comes first, and one that pauses before one that lends less', () => {
  const machine = new Machine({
    battery: { mode: 'fewer' },
    userActive: { mode: 'pause' },
    metered: { mode: 'pause' },
    hours: { timeZone: 'UTC', week: [] },
    fewer: { slots: 2, cpuPriority: 'lowest' },
  });
  machine.is.ownPause = { until: NOON + 1000 };
  machine.is.isSuspending = true;
  const all = machine.after(0, { onBattery: true, metered: true, lastInputAt: NOON });
  expect(reasons(all)).toEqual(['suspending', 'owner', 'outsideHours', 'metered', 'userActive', 'battery']);
  expect(all).toMatchObject({ slots: 0, cpuPriority: 'lowest', nextAt: NOON + 1000 });
  machine.is.ownPause = null;
  machine.is.isSuspending = false;
  machine.is.manners = { ...machine.is.manners, hours: null };
  expect(machine.after(20 * SECOND, { metered: false, locked: true }).slots).toBe(0);
  expect(machine.after(20 * SECOND)).toMatchObject({ slots: 2, why: [{ mode: 'fewer', reason: 'battery' }] });
});

test('fewer slots are never more than there are, and a priority is only ever lowered', () => {
  const machine = new Machine({
    battery: { mode: 'fewer' },
    fewer: { slots: 9, cpuPriority: 'normal' },
    cpuPriority: 'low',
  });
  expect(machine.after(0, { onBattery: true })).toMatchObject({ slots: 4, cpuPriority: 'low' });
});

test('hours: what is lent changes at their borders to the millisecond, and says until when', () => {
  const machine = new Machine({
    hours: { timeZone: 'Europe/Berlin', week: [{ days: ['mon'], from: '09:00', to: '18:00' }] },
  });
  const closes = Date.parse('2026-11-23T17:00:00Z');
  expect(machine.after(0)).toEqual({ slots: 4, cpuPriority: 'normal', why: [], nextAt: closes });
  machine.now = closes - 1;
  expect(machine.after(0).slots).toBe(4);
  const opens = Date.parse('2026-11-30T08:00:00Z');
  expect(machine.after(1)).toEqual({
    slots: 0,
    cpuPriority: 'low',
    why: [{ mode: 'pause', reason: 'outsideHours', until: opens }],
    nextAt: opens,
  });
});

test("the owner's pause ends by itself, or only when it is taken back", () => {
  const machine = new Machine({});
  machine.is.ownPause = { until: NOON + 60 * SECOND };
  expect(machine.after(0).nextAt).toBe(NOON + 60 * SECOND);
  expect(machine.after(60 * SECOND).slots).toBe(4);
  machine.is.ownPause = { until: null };
  expect(machine.after(1e12)).toMatchObject({ slots: 0, nextAt: null });
});

test("other programs' load counts when it lasts, and work comes back when it has been gone for a minute", () => {
  const machine = new Machine({ foreignLoad: { mode: 'pause', abovePercent: 60 } });
  expect(machine.after(0, { foreignPercent: 90 })).toMatchObject({ slots: 4, nextAt: NOON + 10 * SECOND });
  expect(machine.after(5 * SECOND, { foreignPercent: 50 })).toMatchObject({ slots: 4, nextAt: null });
  expect(machine.after(1 * SECOND, { foreignPercent: 61 }).slots).toBe(4);
  expect(machine.after(10 * SECOND).slots).toBe(0);
  // Around the limit nothing comes and goes.
  for (let i = 0; i < 20; i++) expect(machine.after(15 * SECOND, { foreignPercent: i % 2 ? 66 : 55 }).slots).toBe(0);
  expect(machine.after(0, { foreignPercent: 44 }).nextAt).toBe(machine.now + 60 * SECOND);
  expect(machine.after(59 * SECOND).slots).toBe(0);
  expect(machine.after(1 * SECOND).slots).toBe(4);
});

test('a battery that is charged again must be above its limit by a margin', () => {
  const machine = new Machine({ battery: { mode: 'pause', belowPercent: 40 } });
  expect(machine.after(0, { onBattery: true, batteryPercent: 39 }).slots).toBe(0);
  expect(machine.after(60 * SECOND, { batteryPercent: 44 }).slots).toBe(0);
  machine.after(0, { batteryPercent: 45 });
  expect(machine.after(15 * SECOND).slots).toBe(4);
});

test('a person is never kept waiting, and work comes back when nobody has touched the machine for the set time', () => {
  const machine = new Machine({ userActive: { mode: 'pause', idleSeconds: 60 } });
  expect(machine.after(0, { lastInputAt: NOON - 100 * SECOND }).slots).toBe(4);
  expect(machine.after(1, { lastInputAt: NOON + 1 })).toMatchObject({ slots: 0, nextAt: NOON + 1 + 60 * SECOND });
  expect(machine.after(30 * SECOND, { lastInputAt: NOON + 30 * SECOND }).nextAt).toBe(NOON + 90 * SECOND);
  machine.now = NOON + 90 * SECOND - 1;
  expect(machine.after(0).slots).toBe(0);
  expect(machine.after(1).slots).toBe(4);
  // An estimate of the last input that wavers by a second brings nobody back.
  expect(machine.after(0, { lastInputAt: machine.now - 59 * SECOND }).slots).toBe(4);
});

test('a clock that is set back keeps no pause alive for longer than it may last', () => {
  const machine = new Machine({ fullScreen: { mode: 'pause' } });
  machine.after(0, { fullScreen: true });
  machine.after(0, { fullScreen: false });
  machine.now -= 3600 * SECOND;
  expect(machine.after(0).nextAt).toBe(machine.now + 15 * SECOND);
  expect(machine.after(15 * SECOND).slots).toBe(4);
});

const SITUATIONS = ['battery', 'metered', 'thermal', 'fullScreen', 'userActive', 'foreignLoad'] as const;
const mode = fc.constantFrom('off', 'fewer', 'pause');
const someManners: fc.Arbitrary<Manners> = fc
  .record({
    battery: fc.record({ mode, belowPercent: fc.option(fc.integer({ min: 1, max: 100 })) }),
    metered: fc.record({ mode }),
    thermal: fc.record({ mode, from: fc.constantFrom('fair', 'serious', 'critical') }),
    fullScreen: fc.record({ mode }),
    userActive: fc.record({ mode, idleSeconds: fc.integer({ min: 10, max: 600 }), notWhileLocked: fc.boolean() }),
    foreignLoad: fc.record({ mode, abovePercent: fc.integer({ min: 5, max: 100 }) }),
    hours: fc.option(
      fc.constant({ timeZone: 'UTC', week: [{ days: ['mon'], from: '11:01', to: '11:02' }], exceptions: [] }),
    ),
  })
  .map((part) => settings(part));
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { nil: null });
const someFacts: fc.Arbitrary<Facts> = fc.record({
  lastInputAt: maybe(fc.integer({ min: -700, max: 100 }).map((seconds) => NOON + seconds * SECOND)),
  onBattery: maybe(fc.boolean()),
  batteryPercent: maybe(fc.integer({ min: 0, max: 100 })),
  metered: maybe(fc.boolean()),
  fullScreen: maybe(fc.boolean()),
  locked: maybe(fc.boolean()),
  thermal: maybe(fc.constantFrom(...THERMAL_STATES)),
  foreignPercent: maybe(fc.integer({ min: 0, max: 100 })),
});
const circumstances = (rules: Manners, facts: Facts, until: number | null | undefined): Circumstances => ({
  manners: rules,
  facts,
  ownPause: until === undefined ? null : { until },
  isSuspending: false,
  slots: 4,
});
const pauses = fc.option(fc.option(fc.integer({ min: 1, max: 200 }).map((s) => NOON + s * SECOND)), { nil: undefined });
const shown = ({ nextAt: _, ...decision }: Decision): object => decision;

test('nextAt is really the next change: with the same facts nothing changes before it, and something does then', () => {
  fc.assert(
    fc.property(someManners, someFacts, someFacts, pauses, fc.nat(1000), (rules, before, facts, until, part) => {
      const first = decide(FIRST_MEMORY, circumstances(rules, before, until), NOON - 7 * SECOND);
      const is = circumstances(rules, facts, until);
      let { decision, memory } = decide(first.memory, is, NOON);
      for (let changes = 0; changes < 6 && decision.nextAt !== null; changes++) {
        const { nextAt } = decision;
        const now = changes === 0 ? NOON : nextAt - 1;
        expect(nextAt).toBeGreaterThan(now);
        const between = Math.floor(now + (part / 1000) * (nextAt - 1 - now));
        expect(shown(decide(memory, is, between).decision)).toEqual(shown(decision));
        expect(shown(decide(memory, is, nextAt - 1).decision)).toEqual(shown(decision));
        // Looking more often than needed changes nothing.
        const looked = decide(decide(memory, is, between).memory, is, nextAt);
        expect(shown(looked.decision)).not.toEqual(shown(decision));
        ({ decision, memory } = looked);
      }
    }),
    { numRuns: 1000 },
  );
});

test('nothing flaps: a situation that holds a machine back does so for ten seconds at least, whatever the facts do', () => {
  fc.assert(
    fc.property(
      someManners,
      fc.array(fc.tuple(someFacts, fc.integer({ min: 1, max: 20_000 })), { maxLength: 40 }),
      (rules, changes) => {
        const since = new Map<string, number>();
        let memory = FIRST_MEMORY;
        let now = NOON;
        for (const [facts, ms] of changes) {
          now += ms;
          const next = decide(memory, circumstances(rules, facts, undefined), now);
          memory = next.memory;
          for (const situation of SITUATIONS) {
            const isOn = next.decision.why.some(({ reason }) => reason === situation);
            const onSince = since.get(situation);
            if (!isOn && onSince !== undefined) expect(now - onSince).toBeGreaterThanOrEqual(LEAST_ON_MS);
            if (!isOn) since.delete(situation);
            else if (onSince === undefined) since.set(situation, now);
          }
        }
      },
    ),
  );
});

test('slots, mode and reasons always fit each other', () => {
  fc.assert(
    fc.property(someManners, someFacts, pauses, (rules, facts, until) => {
      const { slots, why } = decide(FIRST_MEMORY, circumstances(rules, facts, until), NOON).decision;
      expect(slots === 0).toBe(why.some(({ mode: how }) => how === 'pause'));
      if (why.length === 0) expect(slots).toBe(4);
      expect(why.map(({ mode: how }) => how)).toEqual(
        why
          .map(({ mode: how }) => how)
          .toSorted()
          .toReversed(),
      );
    }),
  );
});

test('a machine without manners always lends all it has', () => {
  fc.assert(
    fc.property(someFacts, (facts) => {
      expect(decide(FIRST_MEMORY, circumstances(NO_MANNERS, facts, undefined), NOON).decision.slots).toBe(4);
    }),
  );
});
