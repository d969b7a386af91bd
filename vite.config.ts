/** The dashboard: from src-renderer/ to dist/dashboard/, which the coordinator serves. */
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** Its styles come as a file of their own (ui/toast.tsx): the page's policy allows no styles that scripts put in. */
const quietSonner: Plugin = {
  name: 'quiet-sonner',
  transform(code, id) {
    if (!/[\\/]sonner[\\/]dist[\\/]index\.mjs$/.test(id)) return null;
    const quiet = code.replace(/^__insertCSS\(".*"\);$/m, '');
    if (quiet === code) throw new Error('sonner puts its styles in another way now: see vite.config.ts');
    return { code: quiet, map: null };
  },
};

const at = (below: string) => fileURLToPath(new URL(below, import.meta.url));

export default defineConfig({
  root: at('src-renderer'),
  base: '/',
  logLevel: 'warn',
  publicDir: false,
  plugins: [react(), quietSonner],
  // The coordinator puts a fresh one in with every answer (coordinator/operations/dashboard).
  html: { cspNonce: 'NONCE' },
  build: {
    outDir: at('dist/dashboard'),
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
