import path from 'node:path';
import { test as base, type TestInfo } from '@playwright/test';
import { CartPage, CataloguePage, Header, ProductPage } from './pages';

export { expect } from '@playwright/test';

export type Role = 'guest' | 'customer' | 'manager';

export type ShopOptions = {
  /** Who the tests are signed in as. */
  role: Role;
  /** What the tests share a shop with: 'test' gives each attempt a fresh one, 'file' lets hooks prepare data for a file. */
  scope: 'test' | 'file';
  /** A disturbance that the shop shows on a test's first attempt, and not on its retry. */
  chaos: 'stale-price' | 'busy' | 'hang' | 'declined-return' | 'script-error' | null;
};

type ShopFixtures = {
  space: string;
  header: Header;
  catalogue: CataloguePage;
  product: ProductPage;
  cart: CartPage;
  pageErrors: void;
};

/** Accounts that every space of the shop starts with. */
export const accounts = {
  customer: { email: 'ada@shop.test', password: 'sunflower', name: 'Ada Fern' },
  manager: { email: 'grace@shop.test', password: 'wintergreen', name: 'Grace Moss' },
};

/** Where the setup project leaves a signed-in browser state: below this run's output folder, so that runs side by side do not share it. */
export function stateFile(testInfo: TestInfo, role: Exclude<Role, 'guest'>): string {
  return path.join(testInfo.project.outputDir, '.auth', `${role}.json`);
}

export const test = base.extend<ShopOptions & ShopFixtures>({
  role: ['customer', { option: true }],
  scope: ['test', { option: true }],
  chaos: [null, { option: true }],

  space: async ({ scope }, use, testInfo) => {
    const { testId, retry, workerIndex, repeatEachIndex } = testInfo;
    const file = path.basename(testInfo.file);
    await use(scope === 'test' ? `${testId}-${retry}` : `${file}-worker${workerIndex}-${repeatEachIndex}`);
  },

  storageState: async ({ role }, use, testInfo) => {
    await use(role === 'guest' ? undefined : stateFile(testInfo, role));
  },

  extraHTTPHeaders: async ({ space, chaos }, use, testInfo) => {
    const disturbed = chaos !== null && testInfo.retry === 0;
    await use({ 'x-shop-space': space, ...(disturbed ? { 'x-shop-chaos': chaos } : {}) });
  },

  header: async ({ page, isMobile }, use) => use(new Header(page, isMobile)),
  catalogue: async ({ page }, use) => use(new CataloguePage(page)),
  product: async ({ page }, use) => use(new ProductPage(page)),
  cart: async ({ page }, use) => use(new CartPage(page)),

  // For tests that ask for it: an exception in the page fails the test.
  pageErrors: async ({ page }, use) => {
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await use();
    if (errors.length > 0) throw new Error(`The page threw: ${errors.join('; ')}`);
  },
});
