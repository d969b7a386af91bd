import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { DenialLog } from '../../../coordinator/audit/denials.ts';
import { listAudit } from '../../../coordinator/audit/queries.ts';
import { migrations } from '../../../coordinator/storage/migrations.ts';
import { openDatabase } from '../../../coordinator/storage/open.ts';
import { tempFolder } from '../../support/folders.ts';

test('a flood from many sides adds a bounded number of entries to the log, and nobody is forgotten in the counts', async () => {
  let fire = (): void => undefined;
  const clock = {
    now: () => 1_700_000_000_000,
    monotonic: () => 0,
    after: (_ms: number, fn: () => void) => ((fire = fn), () => undefined),
  };
  const report = (error: unknown) => {
    throw error;
  };
  const db = await openDatabase({ file: path.join(tempFolder(), 'playfleet.db'), migrations, clock, report });
  onTestFinished(() => db.close());
  const denials = new DenialLog({ db, clock, report });
  for (let n = 0; n < 20_000; n++) {
    const address = `10.0.${n % 100}.1`;
    denials.note({
      actor: 'nobody',
      actorName: '',
      address,
      request: `GET /api/v1/${n}`,
      status: 401,
      code: 'unauthenticated',
    });
  }
  fire();
  await denials.close();
  const entries = await db.read((r) => listAudit(r, { order: 'oldest' }, { limit: 1000, after: null }));
  expect(entries.length).toBe(101);
  const told = entries.map(({ data }) => Number(data['refusals'] ?? data['repeated'] ?? 1));
  expect(told.reduce((sum, count) => sum + count, 0)).toBe(20_000);
  denials.note({
    actor: 'nobody',
    actorName: '',
    address: '10.0.0.1',
    request: 'GET /',
    status: 401,
    code: 'unauthenticated',
  });
  await denials.close();
  expect(await db.read((r) => listAudit(r, { order: 'oldest' }, { limit: 1000, after: 101 }))).toHaveLength(1);
});
