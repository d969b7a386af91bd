import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { expect, test } from 'vitest';
import type { OpenApiDocument } from '../../coordinator/http/openapi.ts';
import { accessDoc } from '../../scripts/access-doc.ts';
import { startCoordinator } from '../support/coordinator.ts';

test('docs/access.md says what the routes declare (else: npm run docs:access)', async () => {
  const file = fileURLToPath(new URL('../../docs/access.md', import.meta.url));
  const { url } = await startCoordinator();
  const document = (await (await fetch(`${url}/api/v1/openapi.json`)).json()) as OpenApiDocument;
  const wanted = await format(accessDoc(document), { ...(await resolveConfig(file)), filepath: file });
  expect(await readFile(file, 'utf8')).toBe(wanted);
});
