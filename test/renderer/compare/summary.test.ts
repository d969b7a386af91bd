import { expect, test } from 'vitest';
import { messages } from '../../../src-renderer/compare/messages.ts';
import { durationChange } from '../../../src-renderer/compare/changes.tsx';
import { CHANGES, summaryText } from '../../../src-renderer/compare/summary.ts';
import { say, type Language, type Translate } from '../../../src-renderer/ui/i18n.ts';

const none = Object.fromEntries(CHANGES.map((change) => [change, 0])) as Record<(typeof CHANGES)[number], number>;
const run = (number: number, duration_ms: number | null) => ({
  id: `r${number}`,
  number,
  name: 'main',
  branch: null,
  commit: null,
  duration_ms,
});
interface Said {
  unchanged?: number;
  language?: Language;
  ms?: number | null;
}

function summary(counts: Partial<typeof none>, { unchanged = 0, language = 'en', ms = null }: Said = {}): string {
  const t = ((key: keyof typeof messages.en, values: Record<string, string | number> = {}) =>
    say(messages[language][key], values, language)) as Translate<typeof messages.en>;
  return summaryText(
    { run: run(13, ms), with: run(12, 61_000), counts: { ...none, ...counts }, unchanged },
    t,
    language,
  );
}

test('the worst comes first, and what did not happen is left out', () => {
  expect(summary({ newly_failing: 2, fixed: 1, slower: 3 }, { unchanged: 1200 })).toBe(
    'Against run #12, 2 tests newly fail, 1 is fixed, 3 are slower, 1,200 are as they were.',
  );
  expect(summary({ fixed: 1 })).toBe('Against run #12, 1 test is fixed and none newly fails.');
  expect(summary({}, { unchanged: 1, ms: 30_000 })).toBe(
    'Against run #12, no test fails that did not, and none was fixed, 1 is as it was. The run took 30.0 s instead of 1 min 01 s.',
  );
});

test('in German, too', () => {
  expect(summary({ newly_failing: 1, removed: 2 }, { language: 'de' })).toBe(
    'Gegenüber Lauf #12 schlägt 1 Test neu fehl, 2 fielen weg.',
  );
});

test('how a duration changed', () => {
  const side = (duration_ms: number | null) => ({ outcome: 'expected' as const, attempts: 1, duration_ms });
  expect(durationChange(side(1000), side(2200), 'en')).toBe('+120%');
  expect(durationChange(side(1000), side(500), 'en')).toBe('-50%');
  expect(durationChange(side(null), side(500), 'en')).toBeNull();
  expect(durationChange(null, side(500), 'en')).toBeNull();
});
