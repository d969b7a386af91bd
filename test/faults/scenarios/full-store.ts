/** The disk of the artifacts is full for a while, that of the database is not: results are kept, and uploads come when there is room. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { api, type Coordinator } from '../../../scripts/programs.ts';
import { count, createRun, getRun, notMeasured, runEnded, startFleet, until, type Scenario } from '../bench.ts';
import { mountSmallDisk, NO_SMALL_DISK } from '../small-disk.ts';
import { writeSuite } from '../suite.ts';

const DISK_MB = 48;
const TESTS = 20;
const ATTACHED = 100_000;

export const fullStore: Scenario = async (bench) => {
  const dataDir = path.join(bench.folder, 'coordinator');
  const disk = await mountSmallDisk(path.join(dataDir, 'blobs'), DISK_MB);
  if (disk === null) return notMeasured(NO_SMALL_DISK);
  try {
    const suite = await writeSuite(path.join(bench.folder, 'suite'), 0, 300);
    await writeFile(
      path.join(suite.dir, 'attach.spec.js'),
      `import { randomBytes } from 'node:crypto';
import { test } from '@playwright/test';
for (let n = 0; n < ${TESTS}; n++) {
  test('attaches ' + n, async ({}, testInfo) => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    await testInfo.attach('noise', { body: randomBytes(${ATTACHED}), contentType: 'application/octet-stream' });
  });
}
`,
    );
    const coordinator = await bench.programs.startCoordinator(dataDir);
    await startFleet(bench, coordinator, suite, 1, 2);
    const run = await createRun(coordinator, suite);
    await until(
      () => getRun(coordinator, run),
      ({ tests }) => tests.settled >= 2,
      'the first results',
    );
    await disk.fill();
    const whileFull = await until(
      () => getRun(coordinator, run),
      ({ tests }) => tests.settled >= TESTS,
      'all results although nothing can be uploaded',
      60_000,
    );
    const uploadedWhileFull = await attachments(coordinator, run);
    await disk.free();
    const freed = performance.now();
    await runEnded(coordinator, run);
    const uploaded = await until(
      () => attachments(coordinator, run),
      (n) => n >= TESTS,
      'all attachments',
      150_000,
    ).catch(() => attachments(coordinator, run));
    return {
      acknowledged: whileFull.tests.settled,
      ...(await count(coordinator, run, { tests: TESTS })),
      figures: {
        attachments: TESTS,
        uploaded_while_full: uploadedWhileFull,
        lost_artifacts: TESTS - uploaded,
        uploaded_after_ms: Math.round(performance.now() - freed),
      },
      zero: ['lost_artifacts'],
    };
  } finally {
    await bench.programs.stopAll();
    disk.unmount();
  }
};

/** Attachments of the run whose bytes the coordinator has. */
async function attachments(coordinator: Coordinator, run: string): Promise<number> {
  const { items } = await api<{ items: { test_id: string }[] }>(
    coordinator,
    'GET',
    `/test-runs/${run}/tests?limit=500`,
  );
  let found = 0;
  for (const { test_id } of items) {
    const { all_attempts } = await api<{ all_attempts: { attachments: { url: string | null }[] }[] }>(
      coordinator,
      'GET',
      `/test-runs/${run}/tests/${encodeURIComponent(test_id)}`,
    );
    if (all_attempts.some(({ attachments: files }) => files.some((file) => file.url !== null))) found++;
  }
  return found;
}
