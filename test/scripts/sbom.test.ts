import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { nameOf, readLock, shippedPackages } from '../../scripts/packaging/shipped.ts';
import { root } from '../../scripts/programs.ts';
import { makeSbom } from '../../scripts/sbom.ts';

const json = <T>(name: string) => JSON.parse(readFileSync(path.join(root, name), 'utf8')) as T;

test('the list of what ships names every package of the program at its version, with hashes, and no tool of ours', async () => {
  const bom = await makeSbom();
  expect([bom.bomFormat, bom.metadata.component.name]).toEqual(['CycloneDX', 'playfleet']);
  const listed = new Map(bom.components.map(({ name, version }) => [name, version]));
  const { dependencies, devDependencies } = json<{
    dependencies: Record<string, string>;
    devDependencies: Record<string, string>;
  }>('package.json');
  for (const [name, version] of Object.entries(dependencies)) expect([name, listed.get(name)]).toEqual([name, version]);
  for (const name of ['vitest', 'eslint', 'typescript']) {
    expect(devDependencies).toHaveProperty([name]);
    expect(listed.has(name)).toBe(false);
  }
  for (const name of ['react', 'echarts']) expect([name, listed.has(name)]).toEqual([name, true]);
  const lock = await readLock();
  expect(new Set(bom.components.map(({ name, version }) => `${name}@${version}`))).toEqual(
    new Set((await shippedPackages(lock)).map((at) => `${nameOf(at)}@${lock.packages[at]!.version}`)),
  );
  for (const { name, hashes } of bom.components) expect([name, hashes?.[0]?.content.length]).toEqual([name, 128]);
});

test('what a package brings beside our own is in its list, too', async () => {
  const bom = await makeSbom([{ name: 'node', version: '24.0.0' }]);
  expect(bom.components.find(({ name }) => name === 'node')).toMatchObject({ type: 'application', version: '24.0.0' });
});
