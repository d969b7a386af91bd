import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  FIRST_STATE,
  nextStep,
  type AttemptEffect,
  type AttemptEvent,
  type AttemptState,
  type Stop,
} from '../../../src-main/agent/slots/rules.ts';

function play(events: AttemptEvent[]): {
  states: AttemptState[];
  effects: AttemptEffect[];
  perEvent: AttemptEffect[][];
} {
  const states: AttemptState[] = [FIRST_STATE];
  const perEvent = events.map((event) => {
    const { state, effects } = nextStep(states.at(-1) ?? FIRST_STATE, event);
    states.push(state);
    return effects;
  });
  return { states, effects: perEvent.flat(), perEvent };
}
const words = (effects: AttemptEffect[]) => effects.flatMap((effect) => (effect.do === 'say' ? [effect.word] : []));
const stopFor = (cause: Stop['cause'], hard = false): AttemptEvent => ({
  type: 'stop',
  stop: { cause, reason: cause, hard },
});

test('an undisturbed attempt starts, frees its slots, and says that it finished', () => {
  const { states, effects } = play([{ type: 'prepared' }, { type: 'ended' }, { type: 'closed' }]);
  expect(states.map(({ at }) => at)).toEqual(['preparing', 'running', 'closing', 'closed']);
  expect(effects).toEqual([{ do: 'start' }, { do: 'freeSlots' }, { do: 'say', word: 'finish', reason: '' }]);
});

test('each cause of a stop has its own last word, while preparing and while running', () => {
  for (const [cause, word] of [
    ['cancelled', 'cancelled'],
    ['timeout', 'timeout'],
    ['givenBack', 'givenBack'],
    ['stale', 'none'],
  ] as const) {
    expect(words(play([stopFor(cause), { type: 'failed' }]).effects)).toEqual([word]);
    expect(words(play([{ type: 'prepared' }, stopFor(cause), { type: 'ended' }]).effects)).toEqual([word]);
  }
});

test('a grant that turns stale while it is being stopped falls silent', () => {
  const { effects } = play([{ type: 'prepared' }, stopFor('timeout'), stopFor('stale', true), { type: 'ended' }]);
  expect(effects.filter((effect) => effect.do === 'mute')).toHaveLength(1);
  expect(words(effects)).toEqual(['none']);
});

test('a second stop only takes patience away', () => {
  const { perEvent } = play([
    { type: 'prepared' },
    stopFor('givenBack'),
    stopFor('cancelled', true),
    stopFor('cancelled', true),
    { type: 'ended' },
  ]);
  expect(perEvent[2]).toEqual([{ do: 'stop', reason: 'cancelled', hard: true }]);
  expect(perEvent[3]).toEqual([]);
  expect(words(perEvent.flat())).toEqual(['givenBack']);
});

const anyStop: fc.Arbitrary<AttemptEvent> = fc.record({
  type: fc.constant('stop' as const),
  stop: fc.record({
    cause: fc.constantFrom('cancelled' as const, 'timeout' as const, 'givenBack' as const, 'stale' as const),
    reason: fc.string(),
    hard: fc.boolean(),
  }),
});
const anyEvent = fc.oneof(
  { weight: 2, arbitrary: anyStop },
  {
    weight: 3,
    arbitrary: fc.constantFrom<AttemptEvent>(
      { type: 'prepared' },
      { type: 'failed' },
      { type: 'ended' },
      { type: 'closed' },
    ),
  },
);
const history = fc.array(anyEvent, { maxLength: 12 });

test('whatever happens in whatever order, it starts at most once, frees its slots once, and has one last word', () => {
  fc.assert(
    fc.property(history, (events) => {
      const { effects, states } = play(events);
      const count = (name: AttemptEffect['do']) => effects.filter((effect) => effect.do === name).length;
      expect(count('start')).toBeLessThanOrEqual(1);
      const isOver = ['closing', 'closed'].includes(states.at(-1)?.at ?? '');
      expect(count('freeSlots')).toBe(isOver ? 1 : 0);
      expect(count('say')).toBe(isOver ? 1 : 0);
      expect(count('mute')).toBeLessThanOrEqual(events.length);
    }),
    { numRuns: 2000 },
  );
});

test('nothing starts after a stop, nothing happens after the last word, and stale work says nothing', () => {
  fc.assert(
    fc.property(history, (events) => {
      const { perEvent } = play(events);
      const all = perEvent.flat();
      const firstStop = all.findIndex((effect) => effect.do === 'stop');
      if (firstStop >= 0) expect(all.slice(firstStop).some((effect) => effect.do === 'start')).toBe(false);
      const said = all.findIndex((effect) => effect.do === 'say');
      if (said >= 0) expect(all.slice(said + 1)).toEqual([]);
      const muted = all.findIndex((effect) => effect.do === 'mute');
      if (muted >= 0) expect(words(all.slice(muted)).every((word) => word === 'none')).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test('an attempt that is stopped ends as soon as its process does, whatever comes between', () => {
  fc.assert(
    fc.property(fc.boolean(), fc.array(anyStop, { minLength: 1, maxLength: 6 }), (isRunning, stops) => {
      const end: AttemptEvent = isRunning ? { type: 'ended' } : { type: 'failed' };
      const { states } = play([
        ...(isRunning ? [{ type: 'prepared' } as const] : []),
        ...stops,
        end,
        { type: 'closed' },
      ]);
      expect(states.at(-1)).toEqual({ at: 'closed' });
    }),
  );
});
