/**
 * Makes a .deb with dpkg-deb from the arguments that electron-builder gives to fpm, which it would have to download: the same names, the
 * same scripts, the same files. Started through CUSTOM_FPM_PATH by `npm run pack:check` only; releases use fpm itself.
 */
import { execFileSync } from 'node:child_process';
import { chmod, copyFile, cp, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

const one = { type: 'string' } as const;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    s: { ...one, short: 's' },
    t: { ...one, short: 't' },
    d: { ...one, short: 'd', multiple: true },
    force: { type: 'boolean' },
    'deb-recommends': { ...one, multiple: true },
    'deb-compression': one,
    'deb-priority': one,
    architecture: one,
    'after-install': one,
    'after-remove': one,
    'before-remove': one,
    description: one,
    version: one,
    package: one,
    name: one,
    maintainer: one,
    vendor: one,
    url: one,
    category: one,
    license: one,
  },
});
if (values.t !== 'deb' || values.package === undefined) throw new Error('only .deb packages are made here');

const folder = await mkdtemp(path.join(os.tmpdir(), 'playfleet-deb-'));
try {
  for (const mapping of positionals) await place(mapping);
  await control();
  // Fast rather than small: the real fpm compresses releases.
  execFileSync('dpkg-deb', ['--root-owner-group', '-Zxz', '-z0', '--build', folder, values.package], {
    stdio: 'inherit',
  });
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** `from=to`; a `from` that ends with a slash means what is in it. */
async function place(mapping: string): Promise<void> {
  const at = mapping.lastIndexOf('=');
  const [from, to] = [mapping.slice(0, at), path.join(folder, mapping.slice(at + 1))];
  if (!(await stat(from)).isDirectory()) {
    await mkdir(path.dirname(to), { recursive: true });
    await copyFile(from, to);
    // Whatever this user's own files are like: desktop entries, icons and units are read by everybody.
    await chmod(to, 0o644);
    return;
  }
  await mkdir(to, { recursive: true });
  for (const name of await readdir(from)) {
    await cp(path.join(from, name), path.join(to, name), { recursive: true, verbatimSymlinks: true });
  }
}

async function control(): Promise<void> {
  const dir = path.join(folder, 'DEBIAN');
  await mkdir(dir);
  const kilobytes = execFileSync('du', ['-sk', folder], { encoding: 'utf8' }).split('\t')[0];
  const fields = {
    Package: values.name,
    Version: values.version,
    License: values.license,
    Vendor: values.vendor,
    Architecture: values.architecture,
    Maintainer: values.maintainer,
    'Installed-Size': kilobytes,
    Depends: values.d?.join(', '),
    Recommends: values['deb-recommends']?.join(', '),
    Section: values.category ?? 'default',
    Priority: values['deb-priority'],
    Homepage: values.url,
    Description: values.description?.trim(),
  };
  const lines = Object.entries(fields).filter(([, value]) => value !== undefined && value !== '');
  await writeFile(path.join(dir, 'control'), lines.map(([name, value]) => `${name}: ${value}\n`).join(''));
  const scripts = { postinst: 'after-install', postrm: 'after-remove', prerm: 'before-remove' } as const;
  for (const [script, option] of Object.entries(scripts)) {
    const from = values[option];
    if (from === undefined) continue;
    await copyFile(from, path.join(dir, script));
    await chmod(path.join(dir, script), 0o755);
  }
}
