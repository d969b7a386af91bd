/** Where an admin link leads: the page exchanges the token behind `#`, which never reaches a log, for a session. */
import type { Context } from 'hono';
import { html } from 'hono/html';
import type { AppEnv } from '../../http/env.ts';
import { showPage } from './layout.ts';

const SCRIPT = `
const token = new URLSearchParams(location.hash.slice(1)).get('token');
history.replaceState(null, '', location.pathname);
const say = (title, text) => {
  document.getElementById('title').textContent = title;
  document.getElementById('text').textContent = text;
};
async function enter() {
  if (!token) return say('This address lacks its token', 'Copy all of it, up to the end behind the #.');
  const answer = await fetch('/api/v1/auth/exchange', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token, name: 'browser' }),
  });
  if (answer.ok) return location.replace('/');
  const problem = await answer.json();
  say('This link does not work', problem.detail);
}
enter().catch(() => say('The coordinator does not answer', 'Is it running? Reload the page to try again.'));`;

export function welcomePage(c: Context<AppEnv>): Response | Promise<Response> {
  const body = html`<h1 id="title">Signing in…</h1>
    <p id="text" role="status"></p>
    <noscript><p>This page needs JavaScript.</p></noscript>`;
  return showPage(c, { title: 'Welcome', body, script: SCRIPT });
}
