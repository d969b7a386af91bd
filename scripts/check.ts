/** Types, lint, formatting, boundaries: everything that can be known without running the programs. `--fix` mends what can be mended. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const bin = (name: string) => path.join(root, 'node_modules', name);
const fix = process.argv.includes('--fix');

const checks: { name: string; args: string[] }[] = [
  { name: 'types', args: [bin('typescript/bin/tsc'), '-p', '.'] },
  { name: 'types of the dashboard', args: [bin('typescript/bin/tsc'), '-p', 'src-renderer'] },
  { name: "types of the dashboard's tests", args: [bin('typescript/bin/tsc'), '-p', 'test/renderer'] },
  { name: "types of the dashboard's browser tests", args: [bin('typescript/bin/tsc'), '-p', 'test/ui'] },
  { name: 'lint', args: [bin('eslint/bin/eslint.js'), '--max-warnings=0', ...(fix ? ['--fix'] : []), '.'] },
  {
    name: 'formatting',
    args: [bin('prettier/bin/prettier.cjs'), fix ? '--write' : '--check', '--log-level=warn', '.'],
  },
  { name: 'boundaries', args: [path.join(root, 'scripts/check-boundaries.ts')] },
];

interface Outcome {
  name: string;
  ok: boolean;
  seconds: number;
  output: string;
}

function run({ name, args }: (typeof checks)[number]): Promise<Outcome> {
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('error', (error) => (output += error.message));
    child.on('close', (code) =>
      resolve({ name, ok: code === 0, seconds: (performance.now() - started) / 1000, output }),
    );
  });
}

const outcomes = await Promise.all(checks.map(run));
for (const { name, ok, seconds, output } of outcomes) {
  console.log(`${ok ? '✓' : '✕'} ${name} (${seconds.toFixed(1)} s)`);
  if (!ok) console.log(output.trimEnd());
}
if (outcomes.some((outcome) => !outcome.ok)) {
  console.log('\n`npm run check -- --fix` mends formatting and part of the lint.');
  process.exitCode = 1;
}
