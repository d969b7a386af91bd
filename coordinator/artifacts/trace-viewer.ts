/** Playwright's trace viewer, as the package that we depend on brings it: a page of its own, which is told the address of a trace. */
import { readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

export interface ViewerFile {
  file: string;
  size: number;
  /** Changes with the version of Playwright. */
  etag: string;
}

/** Its files by their path below the page. */
export function traceViewerFiles(): ReadonlyMap<string, ViewerFile> {
  const test = createRequire(import.meta.url).resolve('@playwright/test/package.json');
  const playwright = createRequire(test).resolve('playwright/package.json');
  const core = createRequire(playwright);
  const { version } = core('playwright-core/package.json') as { version: string };
  const dir = path.join(path.dirname(core.resolve('playwright-core/package.json')), 'lib/vite/traceViewer');
  const found = new Map<string, ViewerFile>();
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const name = path.relative(dir, file).replaceAll(path.sep, '/');
    found.set(name, { file, size: statSync(file).size, etag: `${version}/${name}` });
  }
  return found;
}
