import { browserName, type BrowserName, type Grant } from '../../../shared/protocol/work.ts';
import type { Order } from '../../../shared/protocol/ipc.ts';
import { parsePlaywrightArgs } from '../playwright/args.ts';

/** What a grant means for Playwright's command line. */
export interface PlaywrightCall {
  config: string | undefined;
  args: string[];
  headed: boolean;
  /** For the suite's process, on top of what it inherits. */
  env: Record<string, string>;
  /** The browser that the run names; the suite's own config may use others. */
  browser: BrowserName | null;
}

/** `problem`: the run asks for something that Playwright cannot be told; the same on every machine. */
export function playwrightCall({
  config,
  secrets = {},
}: Pick<Grant, 'config' | 'secrets'>): PlaywrightCall | { problem: string } {
  const parsed = parsePlaywrightArgs(config.args);
  if (!parsed.ok) return { problem: parsed.message };
  const { args, headed } = parsed.value;
  const browser = browserName.safeParse(config.browser);
  return {
    config: config.config_file ?? parsed.value.config ?? undefined,
    args: [
      ...(config.browser === undefined ? [] : [`--project=${config.browser}`]),
      ...(config.timeout === undefined ? [] : [`--timeout=${config.timeout}`]),
      ...(config.retries === undefined ? [] : [`--retries=${config.retries}`]),
      ...args,
    ],
    headed,
    env: {
      ...(config.base_url === undefined
        ? {}
        : { PLAYWRIGHT_TEST_BASE_URL: config.base_url, BASE_URL: config.base_url }),
      ...config.env,
      ...secrets,
    },
    browser: browser.success ? browser.data : null,
  };
}

/** `revoked`: tests that were taken back since. */
export function orderOf(work: Exclude<Grant['work'], { kind: 'discover' }>, revoked: ReadonlySet<string>): Order {
  if (work.kind === 'units') return { kind: 'tests', testIds: work.testIds.filter((id) => !revoked.has(id)) };
  return { kind: 'shard', index: work.index, total: work.total, settledTestIds: work.settledTestIds };
}
