/** Suites as a discovery would describe them, for tests that need no Playwright. */
import type { Discovery, PlannedTest } from '../../shared/protocol/playwright.ts';

export const plannedTest = (id: string, over: Partial<PlannedTest> = {}): PlannedTest => ({
  id,
  project: 'desktop',
  file: 'shop.spec.ts',
  line: 1,
  column: 1,
  titlePath: [id],
  tags: [],
  annotations: [],
  expectedStatus: 'passed',
  timeout: 30_000,
  retries: 0,
  ...over,
});

/** One unit per test. */
export function discoveryOf(testIds: readonly string[], over: Partial<Discovery> = {}): Discovery {
  return {
    playwrightVersion: '1.65.1',
    rootDir: '/suite',
    projects: [
      { name: 'desktop', dependencies: [], teardown: null, supporting: false, browser: 'chromium', channel: null },
    ],
    tests: testIds.map((id) => plannedTest(id)),
    units: testIds.map((id) => ({ kind: 'test', project: 'desktop', file: 'shop.spec.ts', title: id, testIds: [id] })),
    supportingTestIds: [],
    webServer: { present: false, fixedPorts: false },
    errors: [],
    ...over,
  };
}
