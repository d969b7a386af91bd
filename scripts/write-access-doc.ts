/** `npm run docs:access`: writes docs/access.md from the routes of a coordinator that is started for it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import type { OpenApiDocument } from '../coordinator/http/openapi.ts';
import { accessDoc } from './access-doc.ts';
import { Programs, root } from './programs.ts';

const folder = await mkdtemp(path.join(os.tmpdir(), 'playfleet-docs-'));
const programs = new Programs();
try {
  const { url } = await programs.startCoordinator(folder);
  const document = (await (await fetch(`${url}/api/v1/openapi.json`)).json()) as OpenApiDocument;
  const file = path.join(root, 'docs/access.md');
  await writeFile(file, await format(accessDoc(document), { ...(await resolveConfig(file)), filepath: file }));
  console.log('docs/access.md is written');
} finally {
  await programs.stopAll();
  await rm(folder, { recursive: true, force: true });
}
