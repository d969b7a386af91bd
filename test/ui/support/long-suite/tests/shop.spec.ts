/** A run that lasts long enough to be watched: two failures with the same error at once, then tests that take their time. */
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from '@playwright/test';

for (const [name, total] of [
  ['one item', 1990],
  ['two items', 3980],
] as const) {
  test(`the total of ${name} is right @smoke`, () => {
    console.log(`\u001b[31mwrong total\u001b[39m of ${name}`);
    expect(total).toBe(total + 10);
  });
}

for (let n = 1; n <= 12; n++) {
  test(`page ${n} of the catalogue is shown @slow`, async () => {
    console.log(`page ${n} begins`);
    await pause(2_000);
    console.log(`page ${n} is shown`);
  });
}
