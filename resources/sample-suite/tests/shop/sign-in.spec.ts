import type { Page } from '@playwright/test';
import { accounts, expect, test } from '../support/test';

test.use({ role: 'guest' });

const { email, password } = accounts.customer;

async function signIn(page: Page, name: string, secret: string): Promise<void> {
  await test.step(`Sign in as ${name || 'nobody'}`, async () => {
    await page.getByLabel('Email').fill(name);
    await page.getByLabel('Password').fill(secret);
    await page.getByRole('button', { name: 'Sign in' }).click();
  });
}

test('signs in and offers the account pages', { tag: '@smoke' }, async ({ page, header }) => {
  await page.goto('/sign-in');
  await signIn(page, email, password);
  await expect(page).toHaveURL('/');
  await header.open('Profile');
  await expect(page.getByLabel('Name')).toHaveValue('Ada Fern');
});

for (const { who, name, secret, answer } of [
  { who: 'a wrong password', name: email, secret: 'rose', answer: 'Email or password is wrong.' },
  { who: 'an unknown email', name: 'eve@shop.test', secret: password, answer: 'Email or password is wrong.' },
  { who: 'empty fields', name: '', secret: '', answer: 'Enter your email and your password.' },
]) {
  test(`refuses ${who}`, async ({ page }) => {
    await page.goto('/sign-in');
    await signIn(page, name, secret);
    await expect(page.getByRole('alert')).toHaveText(answer);
  });
}

test('comes back to the page that asked for the sign-in', async ({ page }) => {
  await page.goto('/orders');
  await expect(page).toHaveURL('/sign-in?next=%2Forders');
  await signIn(page, email, password);
  await expect(page).toHaveURL('/orders');
});

test('does not follow a return address to another site', { tag: '@security' }, async ({ page }) => {
  await page.goto('/sign-in?next=//elsewhere.test/orders');
  await signIn(page, email, password);
  await expect(page).toHaveURL('/');
});

test('keeps the cart of a guest who signs in', async ({ page, product, header, cart }) => {
  await product.goto('mint');
  await product.addToCart({ quantity: 2 });
  await page.goto('/sign-in?next=/cart');
  await signIn(page, email, password);
  await expect(cart.line('Mint').getByLabel('Quantity')).toHaveValue('2');
  await expect(header.count).toHaveText('2');
});

test.describe('signed in', () => {
  test.use({ role: 'customer' });

  test('signs out', { tag: '@smoke' }, async ({ page, header }) => {
    await page.goto('/');
    await header.open('Sign out');
    await expect(page.getByRole('link', { name: 'Sign in', includeHidden: true })).toHaveCount(1);
    await page.goto('/orders');
    await expect(page).toHaveURL(/sign-in/);
  });
});
