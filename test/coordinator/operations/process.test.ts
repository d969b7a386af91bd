import { expect, test } from 'vitest';
import { okJson } from '../../support/coordinator.ts';
import { startCoordinatorProcess, type CoordinatorProcess } from '../../support/coordinator-process.ts';

const makeToken = async ({ url, adminToken }: CoordinatorProcess, name: string) =>
  okJson<{ token: string }>(
    await fetch(`${url}/api/v1/tokens`, {
      method: 'POST',
      headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ kind: 'api', name }),
    }),
  );

test('tokens that were answered work after kill -9, and SIGTERM ends the program with 0', async () => {
  const first = await startCoordinatorProcess();
  const made: string[] = [];
  const making = (async () => {
    for (let n = 0; n < 1000; n++) made.push((await makeToken(first, `t${n}`)).token);
  })();
  const cut = expect(making).rejects.toThrow();
  await expect.poll(() => made.length).toBeGreaterThan(20);
  await first.kill();
  await cut;
  const second = await startCoordinatorProcess({ again: first });
  const statuses = await Promise.all(
    made.map(
      async (token) =>
        (await fetch(`${second.url}/api/v1/auth/me`, { headers: { authorization: `Bearer ${token}` } })).status,
    ),
  );
  expect(statuses).toEqual(made.map(() => 200));
  expect(await second.stop()).toBe(0);
});
