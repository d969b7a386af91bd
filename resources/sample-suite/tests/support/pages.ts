import { expect, test, type Locator, type Page } from '@playwright/test';

/** What is on top of every page. */
export class Header {
  readonly search: Locator;
  readonly suggestions: Locator;
  readonly count: Locator;

  constructor(
    private readonly page: Page,
    private readonly isMobile: boolean,
  ) {
    this.search = page.getByRole('searchbox', { name: 'Search plants' });
    this.suggestions = page.getByRole('option');
    this.count = page.getByTestId('cart-count');
  }

  /** Follows a link of the main menu, which a small screen keeps behind a button. */
  async open(name: string): Promise<void> {
    await test.step(`Open ${name} from the menu`, async () => {
      // The button does nothing before the page's script has run.
      await expect(this.page.locator('html')).toHaveAttribute('data-ready', 'true');
      if (this.isMobile) await this.page.getByRole('button', { name: 'Menu' }).click();
      await this.page.getByRole('navigation', { name: 'Main' }).getByText(name, { exact: true }).click();
    });
  }
}

export class CataloguePage {
  readonly names: Locator;
  readonly prices: Locator;
  readonly total: Locator;

  constructor(private readonly page: Page) {
    const list = page.getByRole('list', { name: 'Products' });
    this.names = list.getByRole('heading');
    this.prices = list.locator('.price');
    this.total = page.getByTestId('count');
  }

  async goto(query: Record<string, string> = {}): Promise<void> {
    await this.page.goto(`/shop?${new URLSearchParams(query)}`);
  }

  async filter(label: 'Category' | 'Sort by', choice: string): Promise<void> {
    await test.step(`${label}: ${choice}`, async () => {
      await this.page.getByLabel(label).selectOption({ label: choice });
    });
  }

  async cents(): Promise<number[]> {
    const texts = await this.prices.allInnerTexts();
    return texts.map((text) => Math.round(Number(text.replace('€', '')) * 100));
  }
}

export class ProductPage {
  readonly price: Locator;
  readonly add: Locator;
  readonly problem: Locator;

  constructor(private readonly page: Page) {
    this.price = page.getByTestId('price');
    this.add = page.getByRole('button', { name: 'Add to cart' });
    this.problem = page.locator('form').getByRole('alert');
  }

  async goto(slug: string): Promise<void> {
    await this.page.goto(`/product/${slug}`);
  }

  async addToCart({ size, quantity = 1 }: { size?: 'S' | 'M' | 'L'; quantity?: number } = {}): Promise<void> {
    await test.step(`Add ${quantity} to the cart`, async () => {
      if (size) await this.page.getByRole('radio', { name: size, exact: true }).check();
      await this.page.getByLabel('Quantity').fill(String(quantity));
      await this.add.click();
      await expect(this.page.getByRole('status')).toHaveText('Added to the cart');
    });
  }
}

export class CartPage {
  readonly lines: Locator;
  readonly subtotal: Locator;
  readonly discount: Locator;
  readonly shipping: Locator;
  readonly total: Locator;
  readonly problem: Locator;

  constructor(private readonly page: Page) {
    this.lines = page.getByRole('list', { name: 'Cart lines' }).getByRole('listitem');
    this.subtotal = page.getByTestId('subtotal');
    this.discount = page.getByTestId('discount');
    this.shipping = page.getByTestId('shipping');
    this.total = page.getByTestId('total');
    this.problem = page.getByRole('complementary').getByRole('alert');
  }

  /** Fills the cart through the API, which is quicker than clicking when the filling is not what is tested. */
  async filled(...items: { slug: string; size?: string; quantity?: number }[]): Promise<void> {
    await test.step('Fill the cart through the API', async () => {
      for (const item of items) {
        const answer = await this.page.request.post('/api/cart/items', { data: item });
        expect(answer.status(), await answer.text()).toBe(201);
      }
      await this.page.goto('/cart');
    });
  }

  line(name: string): Locator {
    return this.lines.filter({ hasText: name });
  }

  async setQuantity(name: string, quantity: number): Promise<void> {
    await test.step(`Set ${name} to ${quantity}`, async () => {
      const input = this.line(name).getByLabel('Quantity');
      await input.fill(String(quantity));
      await input.press('Tab');
    });
  }

  async applyCoupon(code: string): Promise<void> {
    await test.step(`Apply the coupon ${code}`, async () => {
      await this.page.getByLabel('Coupon').fill(code);
      await this.page.getByRole('button', { name: 'Apply' }).click();
    });
  }
}
