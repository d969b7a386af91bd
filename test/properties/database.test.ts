import { expect, test } from 'vitest';
import { checkDatabase } from './database-property.ts';

test('whatever workers, people and accidents do in any order, the database keeps what was promised', async () => {
  // A seed that anybody can repeat; `npm run test:properties` looks at thousands of others.
  const { seen } = await checkDatabase(300, 1);
  const met = [
    'grants lost',
    'grants expired',
    'grants failed',
    'quarantined tests',
    'splits',
    'races',
    'runs cancelled',
  ];
  for (const what of met) expect(seen[what], what).toBeGreaterThan(0);
});
