/** Orders: placing one from the cart, cancelling, returning, and the invoice. */
import { checkAddress, requireAccount } from './accounts.mjs';
import { cartView } from './cart.mjs';
import { HttpError } from './http.mjs';
import { deliveries } from './pricing.mjs';
import { cartOf, ordersOf, placeOrder } from './store.mjs';

export function orderView({ number, placedOn, state, lines, totals, address, delivery }) {
  return { number, placedOn, state, lines, totals, address, delivery };
}

/** The visitor's order of the address; another one's is answered like one that does not exist. */
export function findOrder(context) {
  const { email } = requireAccount(context);
  const order = ordersOf(context.store, email).find((candidate) => String(candidate.number) === context.params.number);
  if (!order) throw new HttpError(404, `There is no order ${context.params.number}.`);
  return order;
}

/** Places the cart as an order in one call, as the API does it: { address, delivery, card }. */
export function orderCart(context, { address = {}, delivery = 'standard', card = '' }) {
  const { email } = requireAccount(context);
  const cart = cartOf(context.store, email);
  if (cart.lines.length === 0) throw new HttpError(409, 'The cart is empty.');
  const checked = checkAddress(address);
  if (checked.errors) throw new HttpError(422, Object.values(checked.errors).join(' '));
  if (!(delivery in deliveries))
    throw new HttpError(422, `delivery must be one of ${Object.keys(deliveries).join(', ')}.`);
  const refusal = cardRefusal(String(card));
  if (refusal) throw new HttpError(402, refusal);
  Object.assign(cart, { address: checked.address, delivery });
  return placeOrder(context.store, email, cartView(context).totals);
}

/** Why a card number is refused, or null. The card 4000 0000 0000 0002 is the bank's test card for "declined". */
export function cardRefusal(text) {
  const digits = text.replace(/\s/g, '');
  if (!/^\d{16}$/.test(digits) || !luhn(digits)) return 'This is not a card number.';
  if (digits === '4000000000000002') return 'The bank declined the card.';
  return null;
}

function luhn(digits) {
  const sum = [...digits].reverse().reduce((total, character, index) => {
    const value = Number(character) * (index % 2 === 0 ? 1 : 2);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}

export function cancelOrder(context) {
  return move(context, 'processing', 'cancelled', 'Only an order that we still pack can be cancelled.');
}

export function returnOrder(context) {
  if (context.chaos === 'declined-return') throw new HttpError(409, 'The parcel service did not answer.');
  return move(context, 'delivered', 'returning', 'Only a delivered order can be returned.');
}

function move(context, from, to, refusal) {
  const order = findOrder(context);
  if (order.state !== from) throw new HttpError(409, refusal);
  order.state = to;
  return order;
}

/** The invoice as CSV, one row a line and the totals below. */
export function invoiceOf({ number, placedOn, lines, totals }) {
  const amount = (cents) => (cents / 100).toFixed(2);
  const rows = [
    ['Invoice', number, placedOn],
    ['Product', 'Size', 'Quantity', 'Price', 'Amount'],
    ...lines.map((line) => [
      line.name,
      line.size,
      line.quantity,
      amount(line.cents),
      amount(line.cents * line.quantity),
    ]),
    ['Discount', '', '', '', amount(-totals.discount)],
    ['Shipping', '', '', '', amount(totals.shipping)],
    ['Total', '', '', '', amount(totals.total)],
    ['VAT included', '', '', '', amount(totals.vat)],
  ];
  return rows.map((row) => row.map(csvField).join(',')).join('\r\n') + '\r\n';
}

function csvField(value) {
  return /[",\r\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value);
}
