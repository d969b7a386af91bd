/** Sign-in, checkout, orders, profile and the manager's desk: what needs an account. */
import { requireAccount, requireRole } from '../accounts.mjs';
import { cartView } from '../cart.mjs';
import { products } from '../catalogue.mjs';
import { html } from '../html.mjs';
import { deliveries, money } from '../pricing.mjs';
import { findOrder } from '../orders.mjs';
import { ordersOf, stockOf } from '../store.mjs';
import { crumbs, page } from './layout.mjs';
import { totals } from './shop-pages.mjs';

export function signInPage(context, error = null) {
  const next = context.query.get('next') ?? '/';
  return page(
    context,
    'Sign in',
    html`<form class="panel" method="post" action="/sign-in?${new URLSearchParams({ next })}">
      <h1>Welcome back</h1>
      ${error && html`<p role="alert">${error}</p>`}
      <label>Email <input name="email" type="email" autocomplete="username" /></label>
      <label>Password <input name="password" type="password" autocomplete="current-password" /></label>
      <button class="button">Sign in</button>
    </form>`,
    error ? 401 : 200,
  );
}

const steps = ['address', 'delivery', 'payment'];

function checkoutPage(context, step, main) {
  const { lines, totals: sums } = cartView(context);
  return page(
    context,
    `Checkout, ${step}`,
    html`<ol class="steps" aria-label="Checkout steps">
        ${steps.map((name) => html`<li ${name === step && 'aria-current=step'}>${name}</li>`)}
      </ol>
      <div class="columns">
        <div>${main}</div>
        <aside aria-label="Summary">
          <ul>
            ${lines.map((line) => html`<li>${line.quantity} × ${line.name} (${line.size})</li>`)}
          </ul>
          ${totals(sums)}
        </aside>
      </div>`,
  );
}

export function addressPage(context, values, errors = {}) {
  const field = (name, label) =>
    html`<label
      >${label}
      <input name="${name}" value="${values?.[name] ?? ''}" ${errors[name] && 'aria-invalid=true'} />
      ${errors[name] && html`<small class="error">${errors[name]}</small>`}
    </label>`;
  return checkoutPage(
    context,
    'address',
    html`<form method="post" novalidate>
      <h1>Where shall it go?</h1>
      ${field('name', 'Name')} ${field('street', 'Street and number')} ${field('postcode', 'Postcode')}
      ${field('city', 'City')}
      <button class="button">Continue to delivery</button>
    </form>`,
  );
}

export function deliveryPage(context) {
  const chosen = cartView(context).delivery;
  const choice = ([name, { label, cents }]) =>
    html`<label>
      <input type="radio" name="delivery" value="${name}" ${name === chosen && 'checked'} /> ${label}
      <span class="amount">${cents === 0 ? 'Free' : money(cents)}</span>
    </label>`;
  return checkoutPage(
    context,
    'delivery',
    html`<form method="post">
      <h1>How fast?</h1>
      <fieldset class="choices">
        <legend>Delivery</legend>
        ${Object.entries(deliveries).map(choice)}
      </fieldset>
      <button class="button">Continue to payment</button>
    </form>`,
  );
}

export function paymentPage(context, error = null) {
  return checkoutPage(
    context,
    'payment',
    html`<form method="post" novalidate>
      <h1>Payment</h1>
      ${error && html`<p role="alert">${error}</p>`}
      <label>Card number <input name="card" inputmode="numeric" autocomplete="cc-number" /></label>
      <button class="button">Pay ${money(cartView(context).totals.total)}</button>
    </form>`,
  );
}

export function ordersPage(context) {
  const orders = ordersOf(context.store, requireAccount(context).email);
  const row = (order) =>
    html`<tr>
      <td><a href="/orders/${order.number}">#${order.number}</a></td>
      <td>${order.placedOn}</td>
      <td><span class="state ${order.state}">${order.state}</span></td>
      <td class="amount">${money(order.totals.total)}</td>
    </tr>`;
  return page(
    context,
    'Orders',
    html`<h1>Orders</h1>
      <table>
        <thead>
          <tr>
            <th>Order</th>
            <th>Placed</th>
            <th>State</th>
            <th class="amount">Total</th>
          </tr>
        </thead>
        <tbody>
          ${orders.map(row)}
        </tbody>
      </table>`,
  );
}

export function orderPage(context) {
  const order = findOrder(context);
  const { name, street, postcode, city } = order.address;
  return page(
    context,
    `Order ${order.number}`,
    html`${crumbs(['Orders', '/orders'])}
      ${context.query.has('placed') && html`<p class="banner" role="status">Thank you! Order #${order.number} is on its way to the nursery.</p>`}
      <h1>Order #${order.number} <span class="state ${order.state}">${order.state}</span></h1>
      <div class="columns">
        <div>
          <ul class="lines" aria-label="Order lines">
            ${order.lines.map(
              (line) =>
                html`<li>
                  <div>${line.quantity} × ${line.name}<small>Size ${line.size}</small></div>
                  <span class="amount">${money(line.cents * line.quantity)}</span>
                </li>`,
            )}
          </ul>
          <address>${name}<br />${street}<br />${postcode} ${city}</address>
        </div>
        <aside>
          ${totals(order.totals)}
          <a class="button" href="/orders/${order.number}/invoice.csv">Download invoice</a>
          ${order.state === 'delivered' && html`<button type="button" data-order-action="return">Return this order</button>`}
          ${order.state === 'processing' && html`<button type="button" data-order-action="cancel">Cancel this order</button>`}
          <p role="alert"></p>
        </aside>
      </div>`,
  );
}

export function profilePage(context, saved = false) {
  const { name, email, newsletter, avatarBytes } = requireAccount(context);
  return page(
    context,
    'Profile',
    html`<form class="panel" method="post" action="/profile">
        <h1>Profile</h1>
        ${saved && html`<p class="banner" role="status">Saved.</p>`}
        <label>Name <input name="name" value="${name}" required /></label>
        <label>Email <input value="${email}" readonly /></label>
        <label class="check"
          ><input type="checkbox" name="newsletter" ${newsletter && 'checked'} /> Send me the monthly letter</label
        >
        <button class="button">Save</button>
      </form>
      <section class="panel">
        <h2>Picture</h2>
        <label>Upload a picture <input type="file" accept="image/*" data-avatar /></label>
        <p data-testid="avatar">${avatarBytes > 0 ? `${avatarBytes} bytes stored` : 'No picture yet'}</p>
      </section>`,
  );
}

export function managePage(context) {
  requireRole(context, 'manager');
  const row = (product) =>
    html`<tr>
      <td>${product.name}</td>
      <td>${product.category}</td>
      <td>
        <input
          type="number"
          min="0"
          aria-label="Stock of ${product.name}"
          value="${stockOf(context.store, product)}"
          data-stock="${product.slug}"
        />
      </td>
    </tr>`;
  return page(
    context,
    'Manage',
    html`<h1>Nursery desk</h1>
      <section class="report" aria-label="Sales report">
        <label
          >Year
          <select name="year">
            <option>2026</option>
            <option>2025</option>
            <option>2024</option>
          </select></label
        >
        <button type="button" data-report>Make the sales report</button>
        <p data-testid="report">No report yet</p>
        <canvas width="480" height="160" role="img" aria-label="Sales by month"></canvas>
      </section>
      <table>
        <thead>
          <tr>
            <th>Product</th>
            <th>Category</th>
            <th>Stock</th>
          </tr>
        </thead>
        <tbody>
          ${products.map(row)}
        </tbody>
      </table>`,
  );
}
