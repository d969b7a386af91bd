/** What the pages with forms share. They send JSON with fetch, so that the checks of the API are the only ones. */

export const FORM_STYLE = `
form { display: grid; gap: 12px; max-width: 360px; } label { display: grid; gap: 4px; } label.row { display: flex; gap: 8px; align-items: center; }
input:not([type=checkbox]) { font: inherit; padding: 7px 9px; border: 1px solid var(--line); border-radius: 6px; background: var(--bg); color: var(--text); }
input:focus-visible, button:focus-visible { outline: 2px solid var(--link); outline-offset: 1px; }
button { font: inherit; padding: 7px 14px; border: 1px solid var(--link); border-radius: 6px; background: var(--link); color: var(--bg); cursor: pointer; justify-self: start; }
button.plain { background: none; color: var(--link); padding: 3px 10px; } button:disabled { opacity: 0.6; cursor: default; }
.problem { color: var(--failed); min-height: 1.5em; margin: 0; } [hidden] { display: none !important; }`;

/** byId, call(method, path, body) which throws the problem's detail, and onSubmit(form id, what to do with its fields). */
export const FORM_SCRIPT = `
const byId = (id) => document.getElementById(id);
const make = (tag, text, className) => Object.assign(document.createElement(tag), { textContent: text ?? '', className: className ?? '' });
async function call(method, path, body) {
  const init = body === undefined ? { method } : { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await fetch('/api/v1' + path, init).catch(() => { throw new Error('The coordinator does not answer. Is it running?'); });
  const told = await answer.json();
  if (answer.ok) return told;
  throw Object.assign(new Error(told.detail), { status: answer.status });
}
function onSubmit(id, act) {
  const form = byId(id);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const problem = form.querySelector('.problem'), button = form.querySelector('button');
    problem.textContent = '';
    button.disabled = true;
    try { await act(Object.fromEntries(new FormData(form)), form); } catch (error) { problem.textContent = error.message; }
    button.disabled = false;
  });
}
function tokenInAddress() {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  history.replaceState(null, '', location.pathname);
  return token;
}
function show(id) {
  for (const part of document.querySelectorAll('main > section')) part.hidden = part.id !== id;
  byId(id).querySelector('input')?.focus();
}
function afterSignIn(answer) {
  if (answer.step === 'done') location.replace('/');
  else location.replace('/sign-in#ticket=' + answer.ticket);
}
`;
