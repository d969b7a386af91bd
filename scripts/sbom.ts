/**
 * `npm run sbom`: writes dist/sbom.cdx.json, a CycloneDX list of the packages that ship, from the lock file. Not by `npm sbom`, which leaves
 * out a package of which there is another version among the tools (npm 11: `ignore`).
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { nameOf, readLock, shippedPackages, type LockedPackage } from './packaging/shipped.ts';
import { root } from './programs.ts';

export interface Component {
  type: 'library' | 'application';
  'bom-ref': string;
  name: string;
  version: string;
  purl: string;
  licenses?: { expression: string }[];
  hashes?: { alg: 'SHA-512'; content: string }[];
}

export interface Bom {
  bomFormat: 'CycloneDX';
  specVersion: '1.5';
  version: 1;
  metadata: { component: Component };
  components: Component[];
}

export interface Brought {
  name: string;
  version: string;
  license?: string;
}

/** `brought`: programs that a package holds beside ours, such as Node; they are in no lock file. */
export async function makeSbom(brought: readonly Brought[] = []): Promise<Bom> {
  const lock = await readLock();
  const components = (await shippedPackages(lock)).map((at) => {
    const locked = lock.packages[at]!;
    return component('library', locked.name ?? nameOf(at), locked);
  });
  components.push(...brought.map((one) => component('application', one.name, one)));
  const byRef = new Map(components.map((one) => [one['bom-ref'], one]));
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: { component: component('application', lock.name, lock.packages[''] ?? {}) },
    components: [...byRef.values()].sort((a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1)),
  };
}

function component(
  type: Component['type'],
  name: string,
  { version = '', license, integrity }: LockedPackage,
): Component {
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  const sha512 = integrity?.startsWith('sha512-') === true ? integrity.slice('sha512-'.length) : null;
  return {
    type,
    'bom-ref': `${name}@${version}`,
    name,
    version,
    purl,
    ...(license === undefined ? {} : { licenses: [{ expression: license }] }),
    ...(sha512 === null
      ? {}
      : { hashes: [{ alg: 'SHA-512' as const, content: Buffer.from(sha512, 'base64').toString('hex') }] }),
  };
}

if (import.meta.main) {
  const file = path.join(root, 'dist/sbom.cdx.json');
  const bom = await makeSbom();
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(bom, null, 2)}\n`);
  console.log(`${path.relative(root, file)}: ${bom.components.length} packages (CycloneDX ${bom.specVersion})`);
}
