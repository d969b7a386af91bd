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
| viewer | a token (\`pft_…\`), or the cookie of a browser (\`person\`), with this role: reads runs, results, workers |
| runner | the same, and starts and cancels runs: enough for CI |
| maintainer | the same, and makes join tokens and tokens up to its own role, manages workers |
| admin | the same, and manages people, changes settings, makes admin links, reads the audit log |
| sync | the credential (\`pfy_…\`) of a machine that brings home what it did as a promoted coordinator, and nothing else |
| person | the cookie of a browser in which somebody is signed in, whatever their role |

\`all\` instead of ✓: the role must be for the whole installation, not in single teams. An answer to somebody who may not: \`401 unauthenticated\` for
nobody, \`403 forbidden\` for everybody else. A role in a team counts for what belongs to that team; what belongs to others is answered \`404 not_found\`
([people and teams](people.md)).
`;

const OUTSIDE = `
Outside this table: \`/api/v1/link\` (WebSocket) is for workers; the pages \`/\`, \`/welcome\`, \`/invitation\`, \`/reset-password\`, \`/sign-in\`, \`/account\`, \`/api/v1/reference\` and the document
\`/api/v1/openapi.json\` hold only code and documentation and are open; reports are served from the content origin under signed addresses that
end after a while.
`;

const CALLERS = ['nobody', 'worker', 'sync', ...ROLES, 'person'] as const;

export function accessDoc(document: OpenApiDocument): string {
  const rows: string[][] = [];
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, { 'x-access': access, summary }] of Object.entries(operations)) {
      const marks = [...CALLERS].map((caller) =>
        may(access, caller) ? (access.endsWith(' of all') && caller !== 'sync' ? 'all' : '✓') : '',
      );
      rows.push([`\`${method.toUpperCase()} ${path.replace(/^\/api\/v1/, '')}\``, ...marks, summary]);
    }
  }
  const head = ['route', ...CALLERS, 'what it does'];
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return `${INTRODUCTION}\n${lines.join('\n')}\n${OUTSIDE}`;
}

function may(access: string, caller: string): boolean {
  if (access === 'public') return true;
  const parts = access.split(' or ');
  if (caller === 'nobody') return false;
  if (caller === 'worker' || caller === 'sync') return parts.includes(caller);
  if (access === 'person') return caller === 'person';
  const least = ROLES.findIndex((role) => parts.includes(role) || parts.includes(`${role} of all`));
  return least >= 0 && ROLES.indexOf(caller as Role) >= least;
}
