#!/usr/bin/env node
// The programs are bundled by `npm run build`; a checkout that was never built says so instead of failing to resolve.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const bundle = new URL('../dist/playfleet.mjs', import.meta.url);
if (Number(process.versions.node.split('.')[0]) < 22) {
  console.error(
    `playfleet needs Node 22 or newer; this is ${process.version}. In this repository, npm scripts bring their own.`,
  );
  process.exit(2);
}
if (!existsSync(fileURLToPath(bundle))) {
  console.error('playfleet is not built yet. Run: npm run setup');
  process.exit(2);
}
// An installed Playfleet brings Node and npm: suites find them where the machine has none of its own.
const brought = fileURLToPath(new URL(process.platform === 'win32' ? '../node' : '../node/bin', import.meta.url));
if (existsSync(brought)) process.env.PATH = [process.env.PATH, brought].filter(Boolean).join(path.delimiter);
await import(bundle.href);
