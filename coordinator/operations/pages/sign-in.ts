/** Signing in with e-mail and password, and the code of a second factor where one is on. */
import type { Context } from 'hono';
import { html } from 'hono/html';
import type { AppEnv } from '../../http/env.ts';
import { FORM_SCRIPT, FORM_STYLE } from './form.ts';
import { showPage } from './layout.ts';

/** `?return=…`: the page of the dashboard that led here. Kept while a provider is asked, in this tab alone; another site's address is none. */
const SCRIPT = `${FORM_SCRIPT}
const given = new URLSearchParams(location.hash.slice(1));
let ticket = given.get('ticket');
const asked = new URLSearchParams(location.search).get('return');
const local = (address) => { try { return new URL(address, location.origin).origin === location.origin; } catch { return false; } };
if (asked !== null && asked.startsWith('/') && local(asked)) sessionStorage.setItem('playfleet.return', asked);
history.replaceState(null, '', location.pathname);
function go(answer) {
  // The dashboard goes on to where one was.
  if (answer.step === 'done') return location.replace('/');
  ticket = answer.ticket;
  show('second');
}
onSubmit('password', async (fields) => go(await call('POST', '/auth/sign-in', fields)));
onSubmit('code', async ({ code, trust }) => {
  go(await call('POST', '/auth/second-factor', { ticket, code, trust_device: trust !== undefined }));
});
byId('forgot').addEventListener('click', () => show('third'));
byId('back').addEventListener('click', () => show('first'));
onSubmit('ask', async (fields) => {
  byId('told').textContent = (await call('POST', '/auth/forgot-password', fields)).message;
});
byId('again').addEventListener('click', () => show('first'));
byId('password').querySelector('.problem').textContent = given.get('problem') ?? '';
show(ticket ? 'second' : 'first');
call('GET', '/auth/providers').then(({ items, reset_by_mail: byMail }) => {
  byId('forgot').hidden = !byMail;
  byId('by-hand').hidden = byMail;
  byId('providers').replaceChildren(...items.map(({ id, name }) =>
  Object.assign(make('a', 'Sign in through ' + name, 'button'), { href: '/api/v1/auth/providers/' + id + '/start' })));
});`;

const STYLE = `${FORM_STYLE}
#providers { display: grid; gap: 8px; justify-items: start; }`;

export function signInPage(c: Context<AppEnv>): Response | Promise<Response> {
  const body = html`<section id="first">
      <h1>Sign in</h1>
      <form id="password">
        <label>E-mail <input name="email" type="email" autocomplete="username" required /></label>
        <label>Password <input name="password" type="password" autocomplete="current-password" required /></label>
        <p class="problem" role="alert"></p>
        <button>Sign in</button>
      </form>
      <p id="providers"></p>
      <p class="muted">
        No account? Ask an admin to invite you.
        <span id="by-hand">Lost the password? An admin makes a link for a new one.</span>
        <button class="plain" id="forgot" type="button" hidden>Lost the password?</button>
      </p>
      <p class="muted">
        The first account of all is made with the address that the coordinator printed at its first start, or with a new
        one:
      </p>
      <pre>playfleet token create --admin-link</pre>
    </section>
    <section id="third" hidden>
      <h1>A new password</h1>
      <form id="ask">
        <label>Address of your account <input name="email" type="email" autocomplete="username" required /></label>
        <p class="problem" role="alert"></p>
        <button>Send me a link</button>
      </form>
      <p id="told" role="status"></p>
      <p><button class="plain" id="back" type="button">Back</button></p>
    </section>
    <section id="second" hidden>
      <h1>Second step</h1>
      <form id="code">
        <label
          >Code of your authenticator, or a backup code
          <input name="code" autocomplete="one-time-code" inputmode="text" maxlength="20" required
        /></label>
        <label class="row"><input name="trust" type="checkbox" /> Do not ask in this browser for 30 days</label>
        <p class="problem" role="alert"></p>
        <button>Go on</button>
      </form>
      <p><button class="plain" id="again" type="button">Begin again</button></p>
    </section>`;
  return showPage(c, { title: 'Sign in', body, style: STYLE, script: SCRIPT });
}
