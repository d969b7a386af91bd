/** The start page: the latest runs with their reports, read from the API with the browser's session. */
import type { Context } from 'hono';
import { html } from 'hono/html';
import type { AppEnv } from '../../http/env.ts';
import { showPage } from './layout.ts';

const STYLE = `
table { width: 100%; border-collapse: collapse; }
th { text-align: left; font-weight: 500; color: var(--muted); } th, td { padding: 0 10px 0 0; height: 30px; border-bottom: 1px solid var(--line); white-space: nowrap; }
th.n, td.n { text-align: right; } td.name { width: 100%; max-width: 0; overflow: hidden; text-overflow: ellipsis; }
td.links a { margin-left: 12px; } .passed { color: var(--passed); } .failed { color: var(--failed); } .flaky { color: var(--flaky); }
.running { color: var(--running); } .skipped, .cancelled { color: var(--skipped); }
#fleet { margin: -6px 0 14px; } .empty { max-width: 620px; } [hidden] { display: none; }`;

const SCRIPT = `
const SIGNS = { passed: '✓ passed', failed: '✕ failed', running: '◌ running', waiting: '◌ waiting', cancelled: '– cancelled' };
const byId = (id) => document.getElementById(id);
const make = (tag, className, text) => Object.assign(document.createElement(tag), { className, textContent: text ?? '' });

function verdict(run) {
  if (run.status === 'completed') return run.outcome;
  if (run.status === 'failed' || run.status === 'cancelled') return run.status;
  return run.status === 'running' ? 'running' : 'waiting';
}
function duration(ms) {
  if (ms === null) return '';
  const s = Math.round(ms / 1000);
  return s < 60 ? s + ' s' : s < 3600 ? Math.floor(s / 60) + ' min ' + (s % 60) + ' s' : Math.floor(s / 3600) + ' h ' + Math.floor((s % 3600) / 60) + ' min';
}
function link(text, href) { return Object.assign(make('a', '', text), { href }); }
function row(run) {
  const tr = document.createElement('tr');
  const state = verdict(run);
  const name = make('td', 'name', run.name);
  name.title = [run.project, run.reason].filter(Boolean).join(': ');
  if (run.reason) name.append(make('span', 'muted', '  ' + run.reason));
  const links = make('td', 'links');
  if (run.report.state === 'ready') links.append(link('report', run.links.report), link('archive', run.links.download));
  else if (run.report.state === 'merging') links.append(make('span', 'muted', 'making the report'));
  else if (run.report.state === 'failed') links.append(make('span', 'failed', run.report.message ?? 'no report'));
  links.append(link('JSON', run.links.results));
  const { passed, failed, flaky, skipped, settled, total } = run.tests;
  tr.append(
    make('td', 'n', '#' + run.number), name, make('td', state === 'waiting' ? 'running' : state, SIGNS[state] ?? state),
    make('td', 'n', settled < total || total === 0 ? settled + ' / ' + (total || '?') : String(total)),
    make('td', 'n passed', passed || ''), make('td', 'n failed', failed || ''), make('td', 'n flaky', flaky || ''),
    make('td', 'n skipped', skipped || ''), make('td', 'n', duration(run.duration_ms)),
    make('td', '', new Date(run.created_at).toLocaleString([], { dateStyle: 'short', timeStyle: 'short' })), links);
  return tr;
}
function show(id) { for (const part of ['out', 'none', 'runs']) byId(part).hidden = part !== id; }
async function read(path) {
  const answer = await fetch(path, { headers: { accept: 'application/json' } });
  return answer.ok ? answer.json() : answer.status;
}
async function refresh() {
  const [runs, workers] = await Promise.all([read('/api/v1/test-runs?limit=30'), read('/api/v1/workers?limit=500')]);
  if (runs === 401) {
    byId('fleet').textContent = '';
    return show('out');
  }
  if (typeof runs === 'number') throw new Error('the coordinator answered ' + runs);
  const online = (workers.items ?? []).filter((worker) => worker.status !== 'offline');
  const busy = online.filter((worker) => worker.status === 'busy').length;
  byId('fleet').textContent = online.length + ' of ' + (workers.items ?? []).length + ' workers online, ' + busy + ' busy';
  byId('rows').replaceChildren(...runs.items.map(row));
  show(runs.items.length ? 'runs' : 'none');
}
async function loop() {
  if (!document.hidden) {
    try { await refresh(); } catch (error) { byId('fleet').textContent = 'Not up to date: ' + error.message; }
  }
  setTimeout(loop, 3000);
}
for (const part of document.querySelectorAll('.origin')) part.textContent = location.origin;
loop();`;

export function startPage(c: Context<AppEnv>): Response | Promise<Response> {
  const body = html`<h1>Test runs</h1>
    <p id="fleet" class="muted" role="status">Reading…</p>
    <section id="out" class="empty" hidden>
      <p>You are not signed in here: <a href="/sign-in">sign in</a>.</p>
      <p>
        The first account is made with the address that the coordinator printed at its first start, or with a new one:
      </p>
      <pre>playfleet token create --admin-link</pre>
    </section>
    <section id="none" class="empty" hidden>
      <p>No run yet. Let machines join, each with a token of its own:</p>
      <pre>playfleet token create --join
playfleet worker --join <span class="origin"></span>#pfj_…</pre>
      <p>Then start one from the folder of a Playwright project:</p>
      <pre>playfleet run</pre>
    </section>
    <section id="runs" hidden>
      <table>
        <thead>
          <tr>
            <th class="n">Run</th>
            <th>Name</th>
            <th>State</th>
            <th class="n">Tests</th>
            <th class="n">Passed</th>
            <th class="n">Failed</th>
            <th class="n">Flaky</th>
            <th class="n">Skipped</th>
            <th class="n">Time</th>
            <th>Started</th>
            <th></th>
          </tr>
        </thead>
        <tbody id="rows"></tbody>
      </table>
    </section>`;
  return showPage(c, { title: 'Test runs', body, style: STYLE, script: SCRIPT });
}
