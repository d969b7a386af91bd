import { expect, test } from '../support/test';

test.describe('cart', { tag: '@cart' }, () => {
  test('starts empty', async ({ page }) => {
    await page.goto('/cart');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your cart is empty');
  });

  test('adds up lines and shipping', { tag: '@smoke' }, async ({ cart }) => {
    await cart.filled({ slug: 'basil', quantity: 2 }, { slug: 'glazed-bowl' });
    await expect(cart.subtotal).toHaveText('€23.90');
    await expect(cart.shipping).toHaveText('€4.90');
    await expect(cart.total).toHaveText('€28.80');
  });

  test('counts the same plant in two sizes as two lines', async ({ cart }) => {
    await cart.filled({ slug: 'pilea', size: 'S' }, { slug: 'pilea', size: 'L' }, { slug: 'pilea', size: 'S' });
    await expect(cart.lines).toHaveCount(2);
    await expect(cart.subtotal).toHaveText('€52.70');
  });

  test('follows a changed quantity', async ({ cart, header }) => {
    await cart.filled({ slug: 'thyme' });
    await cart.setQuantity('Thyme', 4);
    await expect(cart.subtotal).toHaveText('€15.60');
    await expect(header.count).toHaveText('4');
  });

  test('removes a line', async ({ page, cart }) => {
    await cart.filled({ slug: 'thyme' }, { slug: 'sage' });
    await page.getByRole('button', { name: 'Remove Thyme' }).click();
    await expect(cart.lines).toHaveCount(1);
    await expect(cart.line('Sage')).toBeVisible();
  });

  for (const { answer, left } of [
    { answer: 'accept', left: 0 },
    { answer: 'dismiss', left: 2 },
  ] as const) {
    test(`asks before it empties, and obeys “${answer}”`, async ({ page, cart }) => {
      await cart.filled({ slug: 'mint' }, { slug: 'chives' });
      const asked = page.waitForEvent('dialog').then(async (dialog) => {
        await dialog[answer]();
        return dialog.message();
      });
      await page.getByRole('button', { name: 'Empty the cart' }).click();
      expect(await asked).toBe('Remove everything from the cart?');
      await expect(cart.lines).toHaveCount(left);
    });
  }

  for (const { code, discount, total } of [
    { code: 'GROW10', discount: '−€4.49', total: '€45.31' },
    { code: 'welcome5', discount: '−€5.00', total: '€44.80' },
  ]) {
    test(`takes the coupon ${code}`, async ({ cart }) => {
      await cart.filled({ slug: 'aloe-vera' }, { slug: 'brass-mister', quantity: 2 });
      await cart.applyCoupon(code);
      await expect(cart.discount).toBeVisible();
      expect(await cart.discount.innerText()).toBe(discount);
      await expect(cart.total).toHaveText(total);
    });
  }

  for (const { code, answer } of [
    { code: 'FREE', answer: 'We do not know the coupon FREE.' },
    { code: 'WELCOME5', answer: 'WELCOME5 needs a cart of €30.00 or more.' },
  ]) {
    test(`refuses the coupon ${code} on a small cart`, async ({ cart }) => {
      await cart.filled({ slug: 'rosemary' });
      await cart.applyCoupon(code);
      await expect(cart.problem).toHaveText(answer);
      await expect(cart.discount).toHaveCount(0);
    });
  }

  test('ships free from fifty euros', async ({ page, cart }) => {
    await cart.filled({ slug: 'watering-can', quantity: 2 });
    await expect(page.getByText('€1.00 more for free shipping')).toBeVisible();
    await cart.setQuantity('Watering Can', 3);
    await expect(cart.shipping).toHaveText('Free');
  });

  test('is still there after a reload', async ({ page, cart }) => {
    await cart.filled({ slug: 'oregano', quantity: 5 });
    await page.reload();
    await expect(cart.line('Oregano').getByLabel('Quantity')).toHaveValue('5');
  });
});
