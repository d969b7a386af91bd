/** Backups of real coordinators for tests. */
import { expect } from 'vitest';
import type { BackupAttempt, BackupsAnswer } from '../../../shared/protocol/rest/backups.ts';
import { okJson, type TestCoordinator } from '../../support/coordinator.ts';

export const backupsOf = async (coordinator: TestCoordinator): Promise<BackupsAnswer> =>
  okJson(await coordinator.request('GET', '/api/v1/backups'));

/** Asks for a backup and waits until it is done or has failed. */
export async function backUp(coordinator: TestCoordinator, body: object = {}): Promise<BackupAttempt> {
  const { attempt } = await okJson<{ attempt: BackupAttempt }>(
    await coordinator.request('POST', '/api/v1/backups', body),
  );
  let ended: BackupAttempt | undefined;
  await expect
    .poll(
      async () => {
        ended = (await backupsOf(coordinator)).attempts.find(({ id }) => id === attempt.id);
        return ended?.state;
      },
      { timeout: 60_000, interval: 50 },
    )
    .not.toBe('running');
  return ended!;
}

export const settings = async (coordinator: TestCoordinator, change: object): Promise<unknown> =>
  okJson(await coordinator.request('PUT', '/api/v1/settings', change));

/** Stores bytes as an artifact and returns their hash. */
export async function storeBlob(coordinator: TestCoordinator, sha256: string, bytes: Buffer): Promise<void> {
  const answer = await fetch(`${coordinator.url}/api/v1/blobs/${sha256}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${coordinator.adminToken}` },
    body: new Uint8Array(bytes),
  });
  expect(answer.status).toBe(201);
}
