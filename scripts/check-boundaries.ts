/** Runs the boundary rules (.dependency-cruiser.cjs) and proves that they saw the code: a cruise over no modules would always pass. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cruise, type ICruiseResult, type IFlattenedRuleSet } from 'dependency-cruiser';
import { createRequire } from 'node:module';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
// The dashboard's folder comes with the dashboard.
const roots = ['shared', 'coordinator', 'src-main', 'src-renderer'].filter((name) => existsSync(path.join(root, name)));
const { options, ...ruleSet } = createRequire(import.meta.url)(
  path.join(root, '.dependency-cruiser.cjs'),
) as IFlattenedRuleSet & {
  options: object;
};

process.chdir(root);
const { output } = await cruise(roots, { ...options, ruleSet, validate: true });
const { modules, summary } = output as ICruiseResult;

const seen = new Set(modules.map((module) => module.source));
const files = (await Promise.all(roots.map(sources))).flat();
const unseen = files.filter((file) => !seen.has(file));
const local = modules
  .flatMap((module) => module.dependencies)
  .filter((dependency) => seen.has(dependency.resolved)).length;

for (const violation of summary.violations) {
  console.log(`${violation.rule.severity} ${violation.rule.name}: ${violation.from} → ${violation.to}`);
}
console.log(`${seen.size} modules and ${local} imports between them seen; ${summary.violations.length} violations`);
if (unseen.length > 0) console.log(`not seen: ${unseen.slice(0, 10).join(', ')}`);
if (local === 0) console.log('no import was resolved: the TypeScript API is missing (typescript 6 provides it)');
if (unseen.length > 0 || local === 0 || summary.violations.length > 0) process.exitCode = 1;

async function sources(folder: string): Promise<string[]> {
  const entries = await readdir(path.join(root, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.name.endsWith('.d.ts'))
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'));
}
