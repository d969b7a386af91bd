/** Home, catalogue, product and cart: what a guest sees. */
import { categories, findProduct, priceOf, products, searchProducts, sortings } from '../catalogue.mjs';
import { cartView } from '../cart.mjs';
import { html } from '../html.mjs';
import { HttpError } from '../http.mjs';
import { freeShippingFrom, money } from '../pricing.mjs';
import { stockOf } from '../store.mjs';
import { crumbs, page, picture } from './layout.mjs';

export function homePage(context) {
  const favourites = [...products].sort((a, b) => b.rating - a.rating).slice(0, 4);
  return page(
    context,
    'Plants by post',
    html`<section class="hero">
        <h1>Green company for every window</h1>
        <p>Grown slowly, packed the day you order, and guaranteed to arrive upright.</p>
        <a class="button" href="/shop">Browse all ${products.length} plants and pots</a>
      </section>
      <h2>Favourites</h2>
      <ul class="grid" aria-label="Favourites">
        ${favourites.map((product) => card(product, context))}
      </ul>`,
  );
}

const sortNames = {
  featured: 'Featured',
  'price-asc': 'Price, low to high',
  'price-desc': 'Price, high to low',
  rating: 'Best rated',
  name: 'Name',
};

export function cataloguePage(context) {
  const { query } = context;
  const wanted = {
    query: query.get('query') ?? '',
    category: query.get('category') ?? '',
    sort: query.get('sort') ?? 'featured',
    maxCents: Number(query.get('max')) * 100 || Infinity,
    page: Number(query.get('page')) || 1,
  };
  const found = searchProducts(wanted);
  return page(
    context,
    wanted.query ? `“${wanted.query}”` : 'Shop',
    html`<h1>${wanted.query ? html`Results for “${wanted.query}”` : wanted.category || 'All plants and pots'}</h1>
      ${filters(wanted)}
      <p class="count" data-testid="count">${found.total} ${found.total === 1 ? 'product' : 'products'}</p>
      ${
        found.total === 0
          ? html`<section class="empty"><p>Nothing matches. Try fewer letters or another category.</p></section>`
          : html`<ul class="grid" aria-label="Products">
              ${found.items.map((product) => card(product, context))}
            </ul>`
      }
      ${found.pages > 1 && pager(query, found)}`,
  );
}

function filters({ query, category, sort, maxCents }) {
  const max = maxCents === Infinity ? '' : maxCents / 100;
  return html`<form class="filters" action="/shop" data-submit-on-change>
    ${query && html`<input type="hidden" name="query" value="${query}" />`}
    <label
      >Category
      <select name="category">
        <option value="">All</option>
        ${categories.map((name) => html`<option ${name === category && 'selected'}>${name}</option>`)}
      </select></label
    >
    <label>Up to € <input name="max" type="number" min="1" value="${max}" /></label>
    <label
      >Sort by
      <select name="sort">
        ${sortings.map((name) => html`<option value="${name}" ${name === sort && 'selected'}>${sortNames[name]}</option>`)}
      </select></label
    >
    <noscript><button>Apply</button></noscript>
  </form>`;
}

function card(product, context) {
  const stock = stockOf(context.store, product);
  return html`<li class="card">
    <a href="/product/${product.slug}"
      >${picture(product, context)}
      <h3>${product.name}</h3></a
    >
    <p><span class="price">${money(product.cents)}</span> ${rating(product)}</p>
    ${stock === 0 && html`<p class="badge">Sold out</p>`}
  </li>`;
}

function rating({ rating }) {
  return html`<span class="rating" aria-label="Rated ${rating} of 5">★ ${rating.toFixed(1)}</span>`;
}

function pager(query, { page: current, pages }) {
  const link = (number) => `/shop?${new URLSearchParams({ ...Object.fromEntries(query), page: String(number) })}`;
  const numbers = Array.from({ length: pages }, (_, index) => index + 1);
  return html`<nav class="pager" aria-label="Pages">
    ${current > 1 && html`<a href="${link(current - 1)}" rel="prev">Previous</a>`}
    ${numbers.map((number) => html`<a href="${link(number)}" ${number === current && 'aria-current=page'}>${number}</a>`)}
    ${current < pages && html`<a href="${link(current + 1)}" rel="next">Next</a>`}
  </nav>`;
}

export function productPage(context) {
  const product = findProduct(context.params.slug);
  if (!product) throw new HttpError(404, 'We do not sell this plant any more.');
  const stock = stockOf(context.store, product);
  const shownCents = context.chaos === 'stale-price' ? product.cents - 100 : product.cents;
  const related = products.filter((other) => other.category === product.category && other !== product).slice(0, 4);
  return page(
    context,
    product.name,
    html`${crumbs(['Shop', '/shop'], [product.category, `/shop?category=${product.category}`])}
      <article class="product">
        ${picture(product, context)}
        <div>
          <h1>${product.name}</h1>
          <p>${rating(product)} <span class="stock">${stock === 0 ? 'Sold out' : `${stock} in stock`}</span></p>
          <p class="price" data-testid="price" data-cents="${shownCents}">${money(shownCents)}</p>
          <form data-add-to-cart="${product.slug}">
            ${product.sizes.length > 1 && sizePicker(product)}
            <label>Quantity <input name="quantity" type="number" min="1" max="99" value="1" /></label>
            <button class="button" ${stock === 0 && 'disabled'}>Add to cart</button>
            <p role="alert"></p>
          </form>
        </div>
      </article>
      <section data-reviews="${product.slug}" aria-label="Reviews">
        <h2>Reviews</h2>
        <p>Loading reviews…</p>
      </section>
      <h2>Goes well with it</h2>
      <ul class="grid" aria-label="Related">
        ${related.map((other) => card(other, context))}
      </ul>`,
  );
}

function sizePicker(product) {
  return html`<fieldset>
    <legend>Size</legend>
    ${product.sizes.map(
      (size, index) =>
        html`<label>
          <input
            type="radio"
            name="size"
            value="${size}"
            data-cents="${priceOf(product, size)}"
            ${index === 0 && 'checked'}
          />
          ${size}
        </label>`,
    )}
  </fieldset>`;
}

export function cartPage(context) {
  const cart = cartView(context);
  if (cart.count === 0) {
    return page(
      context,
      'Cart',
      html`<section class="empty">
        <h1>Your cart is empty</h1>
        <a class="button" href="/shop">Find something green</a>
      </section>`,
    );
  }
  const missing = freeShippingFrom - (cart.totals.subtotal - cart.totals.discount);
  return page(
    context,
    'Cart',
    html`<h1>Cart</h1>
      <div class="columns">
        <div>
          <ul class="lines" aria-label="Cart lines">
            ${cart.lines.map((line) => cartLine(line, context))}
          </ul>
          <button class="link" type="button" data-empty-cart>Empty the cart</button>
        </div>
        <aside>
          <form data-coupon>
            <label>Coupon <input name="code" value="${cart.coupon ?? ''}" /></label>
            <button>Apply</button>
            <p role="alert"></p>
          </form>
          ${totals(cart.totals)}
          <p class="hint">${missing > 0 ? `${money(missing)} more for free shipping` : 'Shipping is on us'}</p>
          <a class="button" href="/checkout/address">Check out</a>
        </aside>
      </div>`,
  );
}

function cartLine(line, context) {
  return html`<li data-line="${line.id}">
    ${picture(findProduct(line.slug), context)}
    <div><a href="/product/${line.slug}">${line.name}</a><small>Size ${line.size}</small></div>
    <label>Quantity <input type="number" min="1" value="${line.quantity}" /></label>
    <span class="amount">${money(line.cents * line.quantity)}</span>
    <button class="link" type="button" aria-label="Remove ${line.name}">Remove</button>
  </li>`;
}

export function totals({ subtotal, discount, shipping, total, vat }) {
  const row = (name, value) =>
    html`<div>
      <dt>${name}</dt>
      <dd data-testid="${name.toLowerCase()}">${value}</dd>
    </div>`;
  return html`<dl class="totals">
    ${row('Subtotal', money(subtotal))} ${discount > 0 && row('Discount', `−${money(discount)}`)}
    ${row('Shipping', shipping === 0 ? 'Free' : money(shipping))} ${row('Total', money(total))}
    ${row('VAT', `${money(vat)} included`)}
  </dl>`;
}
