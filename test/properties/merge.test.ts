import { expect, test } from 'vitest';
import { checkMergeDatabase } from './merge-database-property.ts';
import { checkMergeRules } from './merge-rules-property.ts';

test('what several origins did can be brought together in any order, in pieces and repeatedly, and nothing is lost', () => {
  const { seen } = checkMergeRules(500, 1);
  for (const what of [
    'superseded revisions',
    'losses that were noticed',
    'versions that count',
    'own values that stay',
    'versions that are kept',
  ])
    expect(seen[what], what).toBeGreaterThan(0);
});

test('real databases come to the same, whatever the order, and to what each origin has', async () => {
  const { seen } = await checkMergeDatabase(3, 3);
  for (const what of ['entries', 'conflicts']) expect(seen[what], what).toBeGreaterThan(0);
}, 120_000);
