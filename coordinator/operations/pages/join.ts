/** Where links lead that work once: the admin link and an invitation to a new account, a reset to a new password. */
import type { Context } from 'hono';
import { html } from 'hono/html';
import type { AppEnv } from '../../http/env.ts';
import { FORM_SCRIPT, FORM_STYLE } from './form.ts';
import { showPage, type Html } from './layout.ts';

const script = (submit: string) => `${FORM_SCRIPT}
const token = tokenInAddress();
show(token ? 'form' : 'broken');
${submit}`;

const BROKEN = html`<section id="broken" hidden>
  <h1>This address lacks its token</h1>
  <p>Copy all of it, up to the end behind the #.</p>
</section>`;

const NEW_PASSWORD = html`<label
  >Password, 12 characters or more: best a phrase of several words
  <input name="password" type="password" autocomplete="new-password" minlength="12" maxlength="200" required
/></label>`;

const END = (button: string) =>
  html`<p class="problem" role="alert"></p>
    <button>${button}</button>`;

const NAME = html`<label>Your name <input name="name" autocomplete="name" maxlength="100" required /></label>`;

function page(c: Context<AppEnv>, title: string, form: Html, submit: string): Response | Promise<Response> {
  const body = html`<section id="form" hidden>
      <h1>${title}</h1>
      <form id="fields">${form}</form>
    </section>
    ${BROKEN}
    <section id="done" hidden>
      <h1>Done</h1>
      <p id="told" role="status"></p>
      <p><a href="/sign-in">Sign in</a></p>
    </section>
    <noscript><p>This page needs JavaScript.</p></noscript>`;
  return showPage(c, { title, body, style: FORM_STYLE, script: script(submit) });
}

export function welcomePage(c: Context<AppEnv>): Response | Promise<Response> {
  const mail = html`<label>E-mail <input name="email" type="email" autocomplete="username" required /></label>`;
  return page(
    c,
    'Make the account of an admin',
    html`${mail}${NAME}${NEW_PASSWORD}${END('Make the account')}`,
    `onSubmit('fields', async (fields) => afterSignIn(await call('POST', '/auth/first-account', { token, ...fields })));`,
  );
}

export function invitationPage(c: Context<AppEnv>): Response | Promise<Response> {
  return page(
    c,
    'You are invited',
    html`${NAME}${NEW_PASSWORD}${END('Make my account')}`,
    `onSubmit('fields', async (fields) => afterSignIn(await call('POST', '/auth/accept-invitation', { token, ...fields })));`,
  );
}

export function resetPage(c: Context<AppEnv>): Response | Promise<Response> {
  return page(
    c,
    'Set a new password',
    html`${NEW_PASSWORD}${END('Set the password')}`,
    `onSubmit('fields', async (fields) => {
  byId('told').textContent = (await call('POST', '/auth/reset-password', { token, ...fields })).message;
  show('done');
});`,
  );
}
