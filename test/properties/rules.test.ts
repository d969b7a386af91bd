import { expect, test } from 'vitest';
import { checkRules } from './rules-property.ts';

test('the rules of dispatch keep their promises together', () => {
  const { seen } = checkRules(300, 1);
  for (const what of ['quarantined', 'failed tasks', 'breaker openings']) expect(seen[what], what).toBeGreaterThan(0);
});
