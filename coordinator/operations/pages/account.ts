/** One's own account: password, second factor, browsers that are signed in. */
import type { Context } from 'hono';
import { html } from 'hono/html';
import type { AppEnv } from '../../http/env.ts';
import { FORM_SCRIPT, FORM_STYLE } from './form.ts';
import { showPage } from './layout.ts';

const STYLE = `${FORM_STYLE}
ul { list-style: none; padding: 0; margin: 0; } li { display: flex; gap: 12px; align-items: center; min-height: 34px; border-bottom: 1px solid var(--line); }
li span:first-child { flex: 1; } ol { columns: 2; max-width: 360px; } main { max-width: 720px; }`;

const SCRIPT = `${FORM_SCRIPT}
const when = (iso) => new Date(iso).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
function list(id, entries, path, word) {
  byId(id).replaceChildren(...entries.map((entry) => {
    const row = make('li');
    const end = make('button', word, 'plain');
    end.addEventListener('click', async () => { await call('DELETE', path + '/' + entry.id); await refresh(); });
    row.append(make('span', entry.browser + (entry.current ? ' (this one)' : '')), make('span', entry.address + ', ' + when(entry.last_seen_at), 'muted'));
    if (!entry.current || id === 'devices') row.append(end);
    return row;
  }));
}
async function refresh() {
  try {
    const [me, sessions, devices] = await Promise.all(['/account', '/account/sessions', '/account/devices'].map((path) => call('GET', path)));
    byId('who').textContent = me.name + ', ' + me.email + (me.admin ? ', admin' : '') + me.teams.map((team) => ', ' + team.role + ' in ' + team.name).join('');
    if (!byId('team').options.length) byId('team').append(...me.teams.map((team) => Object.assign(make('option', team.name), { value: team.id })));
    if (me.admin) byId('team').replaceChildren();
    byId('which').hidden = me.admin || me.teams.length < 2;
    byId('factor-off').hidden = me.second_factor;
    byId('factor-on').hidden = !me.second_factor;
    list('sessions', sessions.items, '/account/sessions', 'Sign out');
    list('devices', devices.items, '/account/devices', 'Ask for codes again');
    byId('trusted').hidden = devices.items.length === 0;
  } catch (error) {
    if (error.status === 401) location.replace('/sign-in'); else throw error;
  }
}
function showCodes(codes) {
  byId('codes').replaceChildren(...codes.map((code) => make('li', code)));
  byId('backup').hidden = false;
}
onSubmit('change', async (fields, form) => { byId('changed').textContent = (await call('POST', '/account/password', fields)).message; form.reset(); await refresh(); });
onSubmit('begin', async (fields, form) => {
  const made = await call('POST', '/account/second-factor', fields);
  form.reset();
  byId('secret').textContent = made.secret.match(/.{4}/g).join(' ');
  byId('uri').href = made.uri;
  byId('confirm').hidden = false;
});
onSubmit('confirm', async (fields, form) => {
  showCodes((await call('POST', '/account/second-factor/confirm', fields)).backup_codes);
  form.hidden = true;
  form.reset();
  await refresh();
});
onSubmit('renew', async (fields, form) => { showCodes((await call('POST', '/account/second-factor/backup-codes', fields)).backup_codes); form.reset(); });
onSubmit('remove', async (fields, form) => { await call('POST', '/account/second-factor/remove', fields); form.reset(); byId('backup').hidden = true; await refresh(); });
onSubmit('login', async (fields) => {
  byId('command').textContent = "playfleet login '" + (await call('POST', '/account/tokens', fields.team ? fields : {})).link + "'";
  byId('command').hidden = false;
});
byId('others').addEventListener('click', async () => { await call('DELETE', '/account/sessions'); await refresh(); });
byId('out').addEventListener('click', async () => { await call('POST', '/auth/logout'); location.replace('/sign-in'); });
refresh();`;

const password = (label = 'Your password') =>
  html`<label>${label} <input name="password" type="password" autocomplete="current-password" required /></label>`;
const END = (button: string) =>
  html`<p class="problem" role="alert"></p>
    <button>${button}</button>`;

export function accountPage(c: Context<AppEnv>): Response | Promise<Response> {
  const body = html`<h1>Your account</h1>
    <p id="who" class="muted">Reading…</p>
    <p><button id="out" class="plain" type="button">Sign out</button></p>
    <h2>Signed in here</h2>
    <ul id="sessions"></ul>
    <p><button id="others" class="plain" type="button">Sign out all others</button></p>
    <h2>Second factor</h2>
    <div id="factor-off" hidden>
      <p>With it, signing in also needs a code that an authenticator on your phone or computer shows.</p>
      <form id="begin">${password()}${END('Set up a second factor')}</form>
      <form id="confirm" hidden>
        <p>
          Type this key into your authenticator, or <a id="uri">open it there</a>:
          <code id="secret"></code>
        </p>
        <label
          >The code that it shows <input name="code" autocomplete="one-time-code" inputmode="numeric" required
        /></label>
        ${END('Turn it on')}
      </form>
    </div>
    <div id="factor-on" hidden>
      <p>It is on.</p>
      <form id="renew">${password()}${END('Make new backup codes')}</form>
      <form id="remove">${password()}${END('Turn it off')}</form>
    </div>
    <div id="backup" hidden>
      <p>
        <strong>Keep these backup codes.</strong> Each works once when your authenticator is lost. They are not shown
        again.
      </p>
      <ol id="codes"></ol>
    </div>
    <div id="trusted" hidden>
      <h2>Browsers that are not asked for a code</h2>
      <ul id="devices"></ul>
    </div>
    <h2>Command line</h2>
    <form id="login">
      <label id="which" hidden
        >Team
        <select name="team" id="team"></select
      ></label>
      ${END('Make a token')}
    </form>
    <p class="muted">
      With your role of now, for 90 days. The command is shown once; with its token anybody may do what you may.
    </p>
    <pre id="command" hidden></pre>
    <h2>Password</h2>
    <form id="change">
      <label>Now <input name="current" type="password" autocomplete="current-password" required /></label>
      <label
        >New, 12 characters or more
        <input name="password" type="password" autocomplete="new-password" minlength="12" maxlength="200" required
      /></label>
      ${END('Change it')}
      <p id="changed" role="status"></p>
    </form>`;
  return showPage(c, { title: 'Your account', body, style: STYLE, script: SCRIPT });
}
