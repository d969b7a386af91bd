/** docs/access.md as the OpenAPI document declares it: who may call which route. */
import type { OpenApiDocument } from '../coordinator/http/openapi.ts';
import { ROLES, type Role } from '../shared/protocol/rest/roles.ts';

const INTRODUCTION = `# Who may call what

Written by \`npm run docs:access\` from what each route declares (\`access\` in \`route()\`); the checks follow from the same declarations. A test
compares this page with them, and \`npm run test:access\` calls every route as everybody listed here. The model behind it is in
[security.md](security.md).

| caller | shows |
| --- | --- |
| nobody | nothing, or something that is not known, has expired or was revoked |
| worker | its key (\`pfw_…\`), and reaches its own record and its own leased tasks only |
| viewer | a token (\`pft_…\`) with this role: reads runs, results, workers |
| runner | the same, and starts and cancels runs: enough for CI |
| maintainer | the same, and makes join tokens and tokens up to its own role, manages workers |
| admin | the same, and changes settings, makes admin links, reads the audit log |

An answer to somebody who may not: \`401 unauthenticated\` for nobody, \`403 forbidden\` for everybody else.
`;

const OUTSIDE = `
Outside this table: \`/api/v1/link\` (WebSocket) is for workers; the pages \`/\`, \`/welcome\`, \`/api/v1/reference\` and the document
\`/api/v1/openapi.json\` hold only code and documentation and are open; reports are served from the content origin under signed addresses that
end after a while.
`;

export function accessDoc(document: OpenApiDocument): string {
  const rows: string[][] = [];
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, { 'x-access': access, summary }] of Object.entries(operations)) {
      const marks = ['nobody', 'worker', ...ROLES].map((caller) => (may(access, caller) ? '✓' : ''));
      rows.push([`\`${method.toUpperCase()} ${path.replace(/^\/api\/v1/, '')}\``, ...marks, summary]);
    }
  }
  const head = ['route', 'nobody', 'worker', ...ROLES, 'what it does'];
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return `${INTRODUCTION}\n${lines.join('\n')}\n${OUTSIDE}`;
}

function may(access: string, caller: string): boolean {
  if (access === 'public') return true;
  const parts = access.split(' or ');
  if (caller === 'nobody') return false;
  if (caller === 'worker') return parts.includes('worker');
  const least = ROLES.findIndex((role) => parts.includes(role));
  return least >= 0 && ROLES.indexOf(caller as Role) >= least;
}
