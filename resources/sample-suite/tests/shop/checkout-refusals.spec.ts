import { expect, test } from '../support/test';

const address = { Name: 'Ada Fern', 'Street and number': '7 Greenhouse Lane', Postcode: '1012 AB', City: 'Amsterdam' };

test.describe('checkout refusals', { tag: '@checkout' }, () => {
  for (const { field, value, answer } of [
    { field: 'Name', value: ' ', answer: 'Tell us who gets the parcel.' },
    { field: 'Street and number', value: 'Greenhouse Lane', answer: 'Add the house number to the street.' },
    { field: 'Postcode', value: '10123', answer: 'A postcode looks like 1012 AB.' },
  ]) {
    test(`refuses the ${field.toLowerCase()} “${value}”`, async ({ page, cart }) => {
      await cart.filled({ slug: 'sage' });
      await page.goto('/checkout/address');
      for (const [label, text] of Object.entries({ ...address, [field]: value }))
        await page.getByLabel(label).fill(text);
      await page.getByRole('button', { name: 'Continue to delivery' }).click();
      await expect(page.getByText(answer)).toBeVisible();
      await expect(page.getByLabel(field)).toHaveAttribute('aria-invalid', 'true');
    });
  }

  for (const { card, answer } of [
    { card: '4000 0000 0000 0002', answer: 'The bank declined the card.' },
    { card: '1234 5678', answer: 'This is not a card number.' },
  ]) {
    test(`refuses the card ${card}`, async ({ page, cart }) => {
      await cart.filled({ slug: 'sage' });
      await page.goto('/checkout/address');
      for (const [label, text] of Object.entries(address)) await page.getByLabel(label).fill(text);
      await page.getByRole('button', { name: 'Continue to delivery' }).click();
      await page.getByRole('button', { name: 'Continue to payment' }).click();
      await page.getByLabel('Card number').fill(card);
      await page.getByRole('button', { name: /^Pay/ }).click();
      await expect(page.getByRole('alert')).toHaveText(answer);
    });
  }

  test('does not start without anything in the cart', async ({ page }) => {
    await page.goto('/checkout/address');
    await expect(page).toHaveURL('/cart');
  });

  test.describe('as a guest', () => {
    test.use({ role: 'guest' });

    test('asks for the sign-in first', async ({ page, cart }) => {
      await cart.filled({ slug: 'sage' });
      await page.getByRole('link', { name: 'Check out' }).click();
      await expect(page).toHaveURL('/sign-in?next=%2Fcheckout%2Faddress');
    });
  });
});
