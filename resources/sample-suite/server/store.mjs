/**
 * The shop's data, once per space. A space is a shop of its own with the same seed; each test names one in the header
 * x-shop-space, so no test sees what another one bought. A visitor without the header gets the space "default".
 */
import { findProduct, priceOf } from './catalogue.mjs';
import { totalsOf } from './pricing.mjs';

/** The shop's calendar stands still, so that pages and invoices read the same on every day. */
export const today = '4 May 2026';

export function createSpaces() {
  const spaces = new Map();
  return (name) => {
    if (!spaces.has(name)) spaces.set(name, seed());
    return spaces.get(name);
  };
}

function seed() {
  return {
    accounts: new Map([
      ['ada@shop.test', account('Ada Fern', 'customer', 'sunflower')],
      ['grace@shop.test', account('Grace Moss', 'manager', 'wintergreen')],
    ]),
    carts: new Map(),
    stock: new Map(),
    reviews: new Map([['monstera-deliciosa', [{ author: 'Ada Fern', stars: 5, text: 'Two new leaves in a month.' }]]]),
    orders: [
      order(1040, '12 January 2026', 'delivered', [['snake-plant', 'M', 1]]),
      order(1041, '20 March 2026', 'shipped', [
        ['basil', 'S', 3],
        ['terracotta-pot', 'S', 3],
      ]),
      order(1042, '2 May 2026', 'processing', [['fiddle-leaf-fig', 'S', 1]]),
    ],
    nextOrder: 1043,
  };
}

function account(name, role, password) {
  return { name, role, password, newsletter: false, avatarBytes: 0, address: null };
}

function order(number, placedOn, state, items) {
  const lines = items.map(([slug, size, quantity]) => lineOf(slug, size, quantity));
  const address = { name: 'Ada Fern', street: '7 Greenhouse Lane', postcode: '1012 AB', city: 'Amsterdam' };
  return {
    number,
    email: 'ada@shop.test',
    placedOn,
    state,
    lines,
    totals: totalsOf(lines),
    address,
    delivery: 'standard',
  };
}

export function lineOf(slug, size, quantity) {
  const product = findProduct(slug);
  return { id: `${slug}:${size}`, slug, size, name: product.name, cents: priceOf(product, size), quantity };
}

/** The cart of an account, or of the guest when email is null. */
export function cartOf(store, email) {
  const owner = email ?? 'guest';
  if (!store.carts.has(owner)) store.carts.set(owner, { lines: [], coupon: null, address: null, delivery: 'standard' });
  return store.carts.get(owner);
}

/** Who fills a cart and then signs in keeps it. */
export function adoptGuestCart(store, email) {
  const guest = store.carts.get('guest');
  if (!guest) return;
  store.carts.delete('guest');
  for (const line of guest.lines) addLine(store, cartOf(store, email), line.slug, line.size, line.quantity);
}

export function stockOf(store, product) {
  return store.stock.get(product.slug) ?? product.stock;
}

/** Adds to the cart; answers the reason when the stock does not suffice, else null. */
export function addLine(store, cart, slug, size, quantity) {
  const product = findProduct(slug);
  const held = cart.lines.filter((line) => line.slug === slug).reduce((sum, line) => sum + line.quantity, 0);
  if (held + quantity > stockOf(store, product)) return `Only ${stockOf(store, product)} of ${product.name} left.`;
  const line = cart.lines.find((candidate) => candidate.id === `${slug}:${size}`);
  if (line) line.quantity += quantity;
  else cart.lines.push(lineOf(slug, size, quantity));
  return null;
}

/** Turns the cart into an order and takes its lines from the stock. */
export function placeOrder(store, email, totals) {
  const cart = cartOf(store, email);
  for (const line of cart.lines) {
    const product = findProduct(line.slug);
    store.stock.set(line.slug, stockOf(store, product) - line.quantity);
  }
  const { lines, address, delivery } = cart;
  const placed = {
    number: store.nextOrder,
    email,
    placedOn: today,
    state: 'processing',
    lines,
    totals,
    address,
    delivery,
  };
  store.nextOrder += 1;
  store.orders.push(placed);
  store.carts.delete(email);
  return placed;
}

export function ordersOf(store, email) {
  return store.orders.filter((candidate) => candidate.email === email).sort((a, b) => b.number - a.number);
}
