/** The JSON API of the shop, under /api. Errors are { error } with a status that fits. */
import { setTimeout as delay } from 'node:timers/promises';
import { findProduct, products, searchProducts, sortings } from './catalogue.mjs';
import { cartView, changeLine, putInCart, removeLine, useCoupon } from './cart.mjs';
import { HttpError, json, parseJson } from './http.mjs';
import { requireAccount, requireRole, signIn, signOutHeaders } from './accounts.mjs';
import { cancelOrder, findOrder, orderCart, orderView, returnOrder } from './orders.mjs';
import { ordersOf, stockOf } from './store.mjs';

/** How long the sales report takes: the suite's slow tests wait for it. */
const reportMs = 4_500;
const never = () => new Promise(() => {});

export const apiRoutes = [
  ['GET', '/api/health', ({ build }) => json({ name: 'Fern & Fig', build })],
  ['POST', '/api/session', postSession],
  ['GET', '/api/session', (context) => json({ email: context.email, role: requireAccount(context).role })],
  ['DELETE', '/api/session', () => json({}, 200, signOutHeaders)],
  ['GET', '/api/products', listProducts],
  ['GET', '/api/products/:slug', ({ params, store }) => json(productView(store, known(params.slug)))],
  ['GET', '/api/products/:slug/reviews', listReviews],
  ['POST', '/api/products/:slug/reviews', addReview],
  ['GET', '/api/suggestions', suggest],
  ['GET', '/api/cart', (context) => json(cartView(context))],
  ['POST', '/api/cart/items', addItem],
  ['PATCH', '/api/cart/items/:id', (context) => json(changeLine(context, parseJson(context.body).quantity))],
  ['DELETE', '/api/cart/items/:id', (context) => json(removeLine(context))],
  ['POST', '/api/cart/coupon', (context) => json(useCoupon(context, String(parseJson(context.body).code ?? '')))],
  ['GET', '/api/orders', (context) => json(ordersOf(context.store, requireAccount(context).email).map(orderView))],
  ['POST', '/api/orders', postOrder],
  ['GET', '/api/orders/:number', (context) => json(orderView(findOrder(context)))],
  ['POST', '/api/orders/:number/cancel', (context) => json(orderView(cancelOrder(context)))],
  ['POST', '/api/orders/:number/return', (context) => json(orderView(returnOrder(context)))],
  ['PATCH', '/api/stock/:slug', patchStock],
  ['GET', '/api/reports/sales', salesReport],
];

function postSession(context) {
  const { email = '', password = '' } = parseJson(context.body);
  const session = signIn(context.store, String(email), String(password));
  if (session.error) throw new HttpError(401, session.error);
  return json({ token: session.token, name: session.account.name, role: session.account.role }, 201, session.headers);
}

function listProducts({ query, store }) {
  const sort = query.get('sort') ?? 'featured';
  if (!sortings.includes(sort)) throw new HttpError(422, `sort must be one of ${sortings.join(', ')}.`);
  const found = searchProducts({
    query: query.get('query') ?? '',
    category: query.get('category') ?? '',
    sort,
    page: Number(query.get('page') ?? 1) || 1,
  });
  return json({ ...found, items: found.items.map((product) => productView(store, product)) });
}

function productView(store, { slug, name, category, cents, rating, sizes, ...product }) {
  return { slug, name, category, cents, rating, sizes, stock: stockOf(store, { slug, ...product }) };
}

function known(slug) {
  const product = findProduct(slug);
  if (!product) throw new HttpError(404, `There is no product ${slug}.`);
  return product;
}

function listReviews({ params, store, regressions }) {
  const { slug } = known(params.slug);
  if (regressions) throw new HttpError(500, 'The reviews service does not answer.');
  return json(store.reviews.get(slug) ?? []);
}

function addReview(context) {
  const { name } = requireAccount(context);
  const { stars, text = '' } = parseJson(context.body);
  if (!Number.isInteger(stars) || stars < 1 || stars > 5)
    throw new HttpError(422, 'stars must be a whole number from 1 to 5.');
  const { slug } = known(context.params.slug);
  const review = { author: name, stars, text: String(text) };
  context.store.reviews.set(slug, [...(context.store.reviews.get(slug) ?? []), review]);
  return json(review, 201);
}

function suggest({ query }) {
  const text = (query.get('query') ?? '').trim();
  const names = text ? searchProducts({ query: text }).items.map(({ slug, name }) => ({ slug, name })) : [];
  return json(names.slice(0, 5));
}

function addItem(context) {
  if (context.chaos === 'hang') return never();
  const { slug = '', size = 'S', quantity = 1 } = parseJson(context.body);
  return json(putInCart(context, known(String(slug)), size, quantity), 201);
}

function postOrder(context) {
  if (context.chaos === 'busy') throw new HttpError(503, 'The till is busy, try again.');
  return json(orderView(orderCart(context, parseJson(context.body))), 201);
}

function patchStock(context) {
  requireRole(context, 'manager');
  const product = known(context.params.slug);
  const { stock } = parseJson(context.body);
  if (!Number.isInteger(stock) || stock < 0) throw new HttpError(422, 'stock must be a whole number, 0 or more.');
  context.store.stock.set(product.slug, stock);
  return json(productView(context.store, product));
}

async function salesReport(context) {
  requireRole(context, 'manager');
  const year = Number(context.query.get('year') ?? 2026);
  await delay(reportMs);
  const months = Array.from({ length: 12 }, (_, month) => 400 + ((month * 37 + year * 13) % 11) * 90);
  return json({ year, months, total: months.reduce((sum, value) => sum + value, 0), products: products.length });
}
