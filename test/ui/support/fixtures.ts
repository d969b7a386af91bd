/**
 * What tests of the dashboard begin with: `fleet` (one for all tests of a worker process), a `page` of somebody who is signed in
 * (`test.use({ as: 'viewer' })`; default admin), and the promise that a page complains of nothing in the console. Who needs a fleet that no other
 * file has changed names one of their own (`test.use({ fleetOf: 'offline' })`).
 */
import { AxeBuilder } from '@axe-core/playwright';
import { test as base, expect, type Page } from '@playwright/test';
import { Fleet, type Who } from './fleet.ts';

export { expect };

export interface Complaints {
  /** Some are to be expected: a refused request is an error in Chromium's eyes. */
  allow(pattern: RegExp): void;
}

export const test = base.extend<{ as: Who | 'nobody'; complaints: Complaints }, { fleet: Fleet; fleetOf: string }>({
  fleetOf: ['all', { option: true, scope: 'worker' }],
  fleet: [
    async ({ fleetOf: _ }, use) => {
      const fleet = await Fleet.start();
      await use(fleet);
      await fleet.stop();
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  as: ['admin', { option: true }],
  baseURL: ({ fleet }, use) => use(fleet.url),
  storageState: async ({ fleet, as }, use) => {
    if (as === 'nobody') return use({ cookies: [], origins: [] });
    const [name = '', value = ''] = fleet.people[as].cookie.split('=');
    const { hostname } = new URL(fleet.url);
    const cookie = { name, value, domain: hostname, path: '/', expires: -1, httpOnly: true, secure: false };
    return use({ cookies: [{ ...cookie, sameSite: 'Strict' as const }], origins: [] });
  },
  complaints: [
    async ({ page }, use) => {
      const allowed: RegExp[] = [];
      const heard: string[] = [];
      page.on('pageerror', (error) => heard.push(error.stack ?? error.message));
      page.on('console', (message) => message.type() === 'error' && heard.push(message.text()));
      await use({ allow: (pattern) => allowed.push(pattern) });
      expect(heard.filter((text) => !allowed.some((pattern) => pattern.test(text)))).toEqual([]);
    },
    { auto: true },
  ],
});

export const SIZES = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } } as const;
export const THEMES = ['light', 'dark'] as const;

/** The page is up and hears what happens. */
export async function live(page: Page): Promise<void> {
  await expect(page.locator('[data-live]:visible').first()).toHaveAttribute('data-live', 'live');
}

/** No violation of WCAG 2.2 AA in either theme at either size, and nothing that sticks out on a phone. */
export async function expectAccessible(page: Page): Promise<void> {
  // Four times axe: on a machine that others use as well this takes a while.
  test.setTimeout(Math.max(test.info().timeout, 240_000));
  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const theme of THEMES) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      const { violations } = await new AxeBuilder({ page })
        .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
        .analyze();
      const found = violations.flatMap(({ id, nodes }) =>
        nodes.map((node) => `${size} ${theme}: ${id}: ${node.target.join(' ')}: ${node.failureSummary ?? ''}`),
      );
      expect(found).toEqual([]);
      const [content, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      expect(content, `${size}: the page is wider than the window`).toBeLessThanOrEqual(room ?? 0);
    }
  }
  await page.setViewportSize(SIZES.desktop);
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: null });
}
