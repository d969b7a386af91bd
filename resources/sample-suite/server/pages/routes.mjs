/** The addresses of the pages, and what their forms do. */
import { readFileSync } from 'node:fs';
import { checkAddress, requireAccount, signIn, signOutHeaders } from '../accounts.mjs';
import { drawProduct } from '../art.mjs';
import { findProduct } from '../catalogue.mjs';
import { file, HttpError, json, redirect } from '../http.mjs';
import { cardRefusal, findOrder, invoiceOf } from '../orders.mjs';
import { deliveries } from '../pricing.mjs';
import { cartOf, placeOrder } from '../store.mjs';
import { cartView } from '../cart.mjs';
import * as account from './account-pages.mjs';
import * as shop from './shop-pages.mjs';

const asset = (name, type) => {
  const content = readFileSync(new URL(`../public/${name}`, import.meta.url));
  return ['GET', `/public/${name}`, () => file(content, type)];
};

export const pageRoutes = [
  asset('style.css', 'text/css'),
  asset('app.js', 'text/javascript'),
  asset('chart.js', 'text/javascript'),
  asset('styleguide.html', 'text/html'),
  ['GET', '/', shop.homePage],
  ['GET', '/shop', shop.cataloguePage],
  ['GET', '/product/:slug', shop.productPage],
  ['GET', '/art/:slug', drawing],
  ['GET', '/cart', shop.cartPage],
  ['GET', '/sign-in', (context) => account.signInPage(context)],
  ['POST', '/sign-in', postSignIn],
  ['POST', '/sign-out', () => redirect('/', signOutHeaders)],
  [
    'GET',
    '/checkout/address',
    checkout((context) => account.addressPage(context, cartOf(context.store, context.email).address)),
  ],
  ['POST', '/checkout/address', checkout(postAddress)],
  ['GET', '/checkout/delivery', checkout(account.deliveryPage)],
  ['POST', '/checkout/delivery', checkout(postDelivery)],
  ['GET', '/checkout/payment', checkout((context) => account.paymentPage(context))],
  ['POST', '/checkout/payment', checkout(postPayment)],
  ['GET', '/orders', signedIn(account.ordersPage)],
  ['GET', '/orders/:number', signedIn(account.orderPage)],
  ['GET', '/orders/:number/invoice.csv', signedIn(invoice)],
  ['GET', '/profile', signedIn((context) => account.profilePage(context))],
  ['POST', '/profile', signedIn(postProfile)],
  ['PUT', '/profile/picture', putPicture],
  ['GET', '/manage', signedIn(account.managePage)],
];

/** Sends a guest to the sign-in page, and afterwards back to where they wanted to go. */
function signedIn(handler) {
  return (context) => {
    if (context.account) return handler(context);
    return redirect(`/sign-in?${new URLSearchParams({ next: context.url.pathname })}`);
  };
}

function checkout(handler) {
  return signedIn((context) => (cartView(context).count === 0 ? redirect('/cart') : handler(context)));
}

function form({ body }) {
  return Object.fromEntries(new URLSearchParams(body.toString()));
}

function postSignIn(context) {
  const { email = '', password = '' } = form(context);
  const session = signIn(context.store, email, password);
  if (session.error) return account.signInPage(context, session.error);
  const next = context.query.get('next') ?? '/';
  // Only our own pages: "//elsewhere" would lead to another host.
  return redirect(/^\/(?![/\\])/.test(next) ? next : '/', session.headers);
}

function postAddress(context) {
  const values = form(context);
  const { address, errors } = checkAddress(values);
  if (errors) return account.addressPage(context, values, errors);
  cartOf(context.store, context.email).address = address;
  return redirect('/checkout/delivery');
}

function postDelivery(context) {
  const { delivery } = form(context);
  if (!(delivery in deliveries)) throw new HttpError(422, 'This delivery does not exist.');
  cartOf(context.store, context.email).delivery = delivery;
  return redirect('/checkout/payment');
}

function postPayment(context) {
  if (!cartOf(context.store, context.email).address) return redirect('/checkout/address');
  const refusal = cardRefusal(form(context).card ?? '') ?? (context.regressions ? 'The bank declined the card.' : null);
  if (refusal) return account.paymentPage(context, refusal);
  const order = placeOrder(context.store, context.email, cartView(context).totals);
  return redirect(`/orders/${order.number}?placed`);
}

function invoice(context) {
  const order = findOrder(context);
  return file(invoiceOf(order), 'text/csv', `invoice-${order.number}.csv`);
}

function postProfile(context) {
  const { name = '', newsletter } = form(context);
  const stored = context.store.accounts.get(context.email);
  Object.assign(stored, { name: name.trim() || stored.name, newsletter: newsletter === 'on' });
  return account.profilePage({ ...context, account: stored }, true);
}

function putPicture(context) {
  requireAccount(context);
  context.store.accounts.get(context.email).avatarBytes = context.body.length;
  return json({ bytes: context.body.length });
}

function drawing({ params, regressions }) {
  const product = findProduct(params.slug.replace(/\.svg$/, ''));
  if (!product) throw new HttpError(404, 'There is no such drawing.');
  return file(drawProduct(product, { wrongColour: regressions }), 'image/svg+xml');
}
