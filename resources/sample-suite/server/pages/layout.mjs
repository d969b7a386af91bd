/** The frame around every page, and what several pages share. */
import { html, raw } from '../html.mjs';
import { cartView } from '../cart.mjs';
import { drawProduct } from '../art.mjs';

/** A whole page as a reply. */
export function page(context, title, main, status = 200) {
  const document = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · Fern &amp; Fig</title>
        <link rel="stylesheet" href="/public/style.css" />
        <link rel="icon" href="data:," />
        <script type="module" src="/public/app.js"></script>
        ${context.chaos === 'script-error' && raw('<script>window.analytics.track("view")</script>')}
      </head>
      <body>
        ${header(context)}
        <main id="main">${main}</main>
        <footer>
          <span>Fern &amp; Fig, plants by post</span><span data-testid="build">Build ${context.build}</span>
        </footer>
        <div id="toast" role="status"></div>
      </body>
    </html>`;
  return { status, headers: { 'content-type': 'text/html; charset=utf-8' }, body: document.toString() };
}

function header(context) {
  const { account, query } = context;
  const { count } = cartView(context);
  return html`<header>
    <a class="brand" href="/">Fern <em>&amp;</em> Fig</a>
    <button class="menu" type="button" aria-expanded="false" aria-controls="nav">Menu</button>
    <nav id="nav" aria-label="Main">
      <a href="/shop">Shop</a>
      ${account && html`<a href="/orders">Orders</a><a href="/profile">Profile</a>`}
      ${account?.role === 'manager' && html`<a href="/manage">Manage</a>`}
      ${
        account
          ? html`<form method="post" action="/sign-out"><button class="link">Sign out</button></form>`
          : html`<a href="/sign-in">Sign in</a>`
      }
    </nav>
    <form class="search" action="/shop" role="search">
      <input
        type="search"
        name="query"
        aria-label="Search plants"
        placeholder="Search plants"
        autocomplete="off"
        value="${query.get('query') ?? ''}"
      />
      <ul role="listbox" aria-label="Suggestions" hidden></ul>
    </form>
    <a class="cart" href="/cart" aria-label="Cart, ${count} items">Cart <b data-testid="cart-count">${count}</b></a>
  </header>`;
}

/** The drawing of a product, named for screen readers. */
export function picture(product, { regressions }) {
  const drawing = drawProduct(product, { wrongColour: regressions });
  return html`<span class="picture" role="img" aria-label="${product.name}">${raw(drawing)}</span>`;
}

export function crumbs(...links) {
  return html`<p class="crumbs">${links.map(([text, href]) => html`<a href="${href}">${text}</a> / `)}</p>`;
}

export function errorPage(context, status, message) {
  const main = html`<section class="empty">
    <h1>${status === 404 ? 'Nothing grows here' : 'That did not work'}</h1>
    <p role="alert">${message}</p>
    <a class="button" href="/shop">Back to the shop</a>
  </section>`;
  return page(context, String(status), main, status);
}
