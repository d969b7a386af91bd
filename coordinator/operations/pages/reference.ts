/** The API reference, written from the OpenAPI document: nothing to load, nothing to keep in step. */
import type { Context } from 'hono';
import { html } from 'hono/html';
import type { AppEnv } from '../../http/env.ts';
import type { OpenApiDocument, Operation } from '../../http/openapi.ts';
import { showPage, type Html } from './layout.ts';
import { schemaText } from './schema-text.ts';

const STYLE = `
.api { display: grid; grid-template-columns: 180px 1fr; gap: 28px; } main { max-width: 1180px; }
.api > div { min-width: 0; } nav { position: sticky; top: 16px; align-self: start; max-height: calc(100vh - 32px); overflow-y: auto; } nav a { display: block; padding: 2px 0; }
details { border-bottom: 1px solid var(--line); } details[open] { padding-bottom: 12px; }
summary { display: flex; gap: 12px; align-items: baseline; padding: 5px 0; cursor: pointer; list-style: none; }
summary::-webkit-details-marker { display: none; } summary:hover { background: var(--soft); }
.method { width: 52px; font: 600 11px ui-monospace, Menlo, Consolas, monospace; }
.get { color: var(--running); } .post { color: var(--passed); } .put, .patch { color: var(--flaky); } .delete { color: var(--failed); }
.who { margin-left: auto; white-space: nowrap; } details > div { padding-left: 64px; } h3 { font-size: 12px; margin: 12px 0 4px; color: var(--muted); font-weight: 500; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 0; } dd { margin: 0; } p { margin: 4px 0; max-width: 760px; }
@media (max-width: 760px) { .api { display: block; } nav { display: none; } details > div { padding-left: 0; }
  summary { flex-wrap: wrap; gap: 2px 10px; } summary code { overflow-wrap: anywhere; } summary .muted:not(.who) { flex-basis: 100%; } }`;

export function referencePage(c: Context<AppEnv>, document: OpenApiDocument): Response | Promise<Response> {
  const groups = groupByTag(document);
  const body = html`<h1>API reference</h1>
    <p>${prose(document.info.description)}</p>
    <p>
      Show a token with each request: <code>Authorization: Bearer …</code> or <code>X-API-Key: …</code>. For programs:
      <a href="/api/v1/openapi.json">OpenAPI 3.1 document</a>. Version ${document.info.version}.
    </p>
    <div class="api">
      <nav aria-label="Groups">
        ${groups.map(([tag]) => html`<a href="#${slug(tag)}">${tag}</a>`)}<a href="#schemas">Schemas</a>
      </nav>
      <div>
        ${groups.map(groupHtml)}
        <h2 id="schemas">Schemas</h2>
        ${Object.entries(document.components.schemas).map(
          ([name, schema]) =>
            html`<details>
              <summary><code>${name}</code></summary>
              <div><pre>${schemaText(schema)}</pre></div>
            </details>`,
        )}
      </div>
    </div>`;
  return showPage(c, { title: 'API reference', body, style: STYLE });
}

interface Entry {
  method: string;
  path: string;
  operation: Operation;
}

function groupByTag(document: OpenApiDocument): [string, Entry[]][] {
  const groups = new Map<string, Entry[]>();
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const tag = operation.tags[0] ?? 'Other';
      groups.set(tag, [...(groups.get(tag) ?? []), { method, path, operation }]);
    }
  }
  return [...groups].sort(([a], [b]) => a.localeCompare(b));
}

/** What stands between backticks is code. */
function prose(text: string): Html[] {
  return text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : html`${part}`));
}

const slug = (text: string): string => text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');

function groupHtml([tag, entries]: [string, Entry[]]): Html {
  return html`<h2 id="${slug(tag)}">${tag}</h2>
    ${entries.map(entryHtml)}`;
}

function entryHtml({ method, path, operation }: Entry): Html {
  const { summary, description, parameters, requestBody, responses } = operation;
  const good = Object.entries(responses).filter(([status]) => status !== 'default');
  return html`<details id="${operation.operationId}">
    <summary>
      <span class="method ${method}">${method.toUpperCase()}</span><code>${path}</code
      ><span class="muted">${summary}</span> <span class="who muted">${operation['x-access']}</span>
    </summary>
    <div>
      ${description === undefined ? '' : html`<p>${prose(description)}</p>`}
      ${
        parameters.length === 0
          ? ''
          : html`<h3>Parameters</h3>
              <dl>${parameters.map(parameterHtml)}</dl>`
      }
      ${Object.entries(requestBody?.content ?? {}).map(
        ([type, { schema }]) =>
          html`<h3>Body, ${type}${requestBody?.required ? '' : ', may be left out'}</h3>
            <pre>${schemaText(schema)}</pre>`,
      )}
      ${good.map(
        ([status, response]) =>
          html`<h3>${status}: ${response.description}</h3>
            ${Object.values(response.content ?? {}).map(({ schema }) => html`<pre>${schemaText(schema)}</pre>`)}`,
      )}
    </div>
  </details>`;
}

function parameterHtml({ name, in: where, required, schema, description }: Operation['parameters'][number]): Html {
  const preset = schema.default === undefined ? '' : `, default ${JSON.stringify(schema.default)}`;
  return html`<dt><code>${name}</code></dt>
    <dd>
      <span class="muted">${where}${required ? '' : ', optional'}${preset}:</span>
      <code>${schemaText(schema)}</code> ${description ?? ''}
    </dd>`;
}
