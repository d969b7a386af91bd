/** What the pages do beyond links and forms. Each part finds its elements by data attributes and stays away without them. */
import { drawBars } from './chart.js';

const one = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

async function api(method, path, body) {
  const headers = body ? { 'content-type': 'application/json' } : {};
  const response = await fetch(`/api${path}`, { method, headers, body: body ? JSON.stringify(body) : null });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

function toast(text) {
  one('#toast').textContent = text;
  one('#toast').classList.add('shown');
}

function showCount(count) {
  one('[data-testid="cart-count"]').textContent = count;
  one('header .cart').setAttribute('aria-label', `Cart, ${count} items`);
}

/** Puts the page's new state in place of the old one, without losing the scroll position. */
async function refresh() {
  const text = await (await fetch(location.href)).text();
  const next = new DOMParser().parseFromString(text, 'text/html');
  one('#main').replaceWith(one('#main', next));
  showCount(one('[data-testid="cart-count"]', next).textContent);
  wireMain();
}

function wireHeader() {
  const menu = one('header .menu');
  menu.addEventListener('click', () => {
    const open = one('header').classList.toggle('open');
    menu.setAttribute('aria-expanded', String(open));
  });
  const input = one('.search input');
  const list = one('.search ul');
  let asked = 0;
  input.addEventListener('input', async () => {
    asked += 1;
    const turn = asked;
    const found = await api('GET', `/suggestions?query=${encodeURIComponent(input.value)}`);
    if (turn !== asked) return;
    list.replaceChildren(...found.map(suggestion));
    list.hidden = found.length === 0;
  });
  input.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowDown') one('a', list)?.focus();
    if (event.key === 'Escape') list.hidden = true;
  });
}

function suggestion({ slug, name }) {
  const item = document.createElement('li');
  const link = document.createElement('a');
  item.setAttribute('role', 'presentation');
  link.setAttribute('role', 'option');
  link.href = `/product/${slug}`;
  link.textContent = name;
  item.append(link);
  return item;
}

function wireProduct(form) {
  const price = one('[data-testid="price"]');
  const sizes = all('input[name="size"]', form);
  const surcharge = Number(price.dataset.cents) - Number(sizes[0]?.dataset.cents ?? price.dataset.cents);
  for (const size of sizes) {
    size.addEventListener('change', () => {
      price.textContent = `€${((Number(size.dataset.cents) + surcharge) / 100).toFixed(2)}`;
    });
  }
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const values = new FormData(form);
    const quantity = Number(values.get('quantity'));
    const button = one('button', form);
    button.textContent = 'Adding…';
    try {
      const item = { slug: form.dataset.addToCart, size: values.get('size') ?? 'S', quantity };
      showCount((await api('POST', '/cart/items', item)).count);
      one('[role="alert"]', form).textContent = '';
      toast('Added to the cart');
    } catch (error) {
      one('[role="alert"]', form).textContent = error.message;
    }
    button.textContent = 'Add to cart';
  });
}

async function loadReviews(section) {
  const message = one('p', section);
  try {
    const reviews = await api('GET', `/products/${section.dataset.reviews}/reviews`);
    message.textContent = reviews.length === 0 ? 'No reviews yet.' : '';
    for (const { author, stars, text } of reviews) {
      const quote = document.createElement('blockquote');
      quote.textContent = `${'★'.repeat(stars)} ${text} (${author})`;
      section.append(quote);
    }
  } catch {
    message.textContent = 'Reviews are not available right now.';
  }
}

function wireCart() {
  for (const line of all('[data-line]')) {
    const path = `/cart/items/${encodeURIComponent(line.dataset.line)}`;
    one('input', line).addEventListener('change', async (event) => {
      await api('PATCH', path, { quantity: Number(event.target.value) }).catch((error) => toast(error.message));
      await refresh();
    });
    one('button', line).addEventListener('click', async () => {
      await api('DELETE', path);
      await refresh();
    });
  }
  one('[data-empty-cart]')?.addEventListener('click', async () => {
    if (!confirm('Remove everything from the cart?')) return;
    for (const line of all('[data-line]')) await api('DELETE', `/cart/items/${encodeURIComponent(line.dataset.line)}`);
    await refresh();
  });
  one('[data-coupon]')?.addEventListener('submit', async (event) => {
    event.preventDefault();
    const form = event.target;
    try {
      await api('POST', '/cart/coupon', { code: new FormData(form).get('code') });
      await refresh();
    } catch (error) {
      one('[role="alert"]', form).textContent = error.message;
    }
  });
}

function wireOrder(button) {
  button.addEventListener('click', async () => {
    try {
      await api('POST', `${location.pathname}/${button.dataset.orderAction}`, {});
      await refresh();
    } catch (error) {
      one('aside [role="alert"]').textContent = error.message;
    }
  });
}

function wireDesk() {
  for (const input of all('[data-stock]')) {
    input.addEventListener('change', async () => {
      const { name, stock } = await api('PATCH', `/stock/${input.dataset.stock}`, { stock: Number(input.value) });
      toast(`${name}: ${stock} in stock`);
    });
  }
  one('[data-report]')?.addEventListener('click', async () => {
    const result = one('[data-testid="report"]');
    result.textContent = 'Counting…';
    const { months, total, year } = await api('GET', `/reports/sales?year=${one('[name="year"]').value}`);
    drawBars(one('canvas'), months);
    result.textContent = `${total} plants sold in ${year}`;
  });
}

function wireMain() {
  const form = one('[data-add-to-cart]');
  if (form) wireProduct(form);
  const reviews = one('[data-reviews]');
  if (reviews) loadReviews(reviews);
  wireCart();
  all('[data-order-action]').forEach(wireOrder);
  wireDesk();
  one('[data-submit-on-change]')?.addEventListener('change', (event) => event.currentTarget.submit());
  one('[data-avatar]')?.addEventListener('change', async (event) => {
    await fetch('/profile/picture', { method: 'PUT', body: event.target.files[0] });
    await refresh();
  });
}

wireHeader();
wireMain();
document.documentElement.dataset.ready = 'true';
