/** What is different between two runs, in a sentence. */
import type { Comparison, TestChange } from '../../shared/protocol/rest/analysis.ts';
import type { Language, Translate } from '../ui/i18n.ts';
import { durationText } from '../ui/time-text.ts';
import type { messages } from './messages.ts';

export const CHANGES = [
  'newly_failing',
  'fixed',
  'still_failing',
  'newly_flaky',
  'slower',
  'faster',
  'added',
  'removed',
] as const satisfies readonly TestChange[];

const PARTS = {
  still_failing: 'partStill',
  newly_flaky: 'partFlaky',
  slower: 'partSlower',
  faster: 'partFaster',
  added: 'partAdded',
  removed: 'partRemoved',
} as const;

type Compared = Pick<Comparison, 'run' | 'with' | 'counts' | 'unchanged'>;

/** The worst first; what did not happen is not spoken of. */
export function summaryText(compared: Compared, t: Translate<typeof messages.en>, language: Language): string {
  const { run, with: other, counts, unchanged } = compared;
  const before = String(other.number);
  const { newly_failing: worse, fixed } = counts;
  const first =
    worse > 0
      ? t('summaryWorse', { n: worse, before })
      : fixed > 0
        ? t('summaryBetter', { n: fixed, before })
        : t('summarySame', { before });
  const parts = [first];
  if (worse > 0 && fixed > 0) parts.push(t('partFixed', { n: fixed }));
  for (const [change, word] of Object.entries(PARTS) as [keyof typeof PARTS, (typeof PARTS)[keyof typeof PARTS]][])
    if (counts[change] > 0) parts.push(t(word, { n: counts[change] }));
  if (unchanged > 0) parts.push(t('partUnchanged', { n: unchanged }));
  const sentence = `${parts.join(', ')}.`;
  if (run.duration_ms === null || other.duration_ms === null) return sentence;
  const took = (ms: number) => durationText(ms, language);
  return `${sentence} ${t('took', { now: took(run.duration_ms), before: took(other.duration_ms) })}`;
}
