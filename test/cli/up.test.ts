/** One machine, everything real: `playfleet up`, then what a person does next. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { tempFolder } from '../support/folders.ts';
import { cliHome, startCli } from './support/start-cli.ts';
import { suite } from './support/tiny-suite.ts';

test(
  'up lets this user in and runs tests until Ctrl-C; started again it goes on with the same data',
  { timeout: 240_000 },
  async () => {
    const data = tempFolder();
    const cwd = suite();
    const env = { ...cliHome(), PLAYFLEET_ALLOW_PATHS: cwd };
    const start = () =>
      startCli(['up', '--port', '0', '--data', data, '--slots', '1', '--name', 'here', '--allow-system-browser'], {
        env,
      });
    const up = start();
    await up.shows(/Now, in the folder of a Playwright project: playfleet run/);
    const of = async (...args: string[]) => {
      const started = startCli(args, { env, cwd });
      return { code: await started.exit, out: started.stdout(), err: started.stderr() };
    };

    const reports = path.join(tempFolder(), 'reports');
    const run = await of('run', '--source', 'path', '--report-dir', reports);
    expect(run.out).not.toContain('could not be carried out');
    expect(run.err).toBe('');
    expect(run.code).toBe(1);
    expect(run.out).toMatch(/1\) a\.spec\.ts:3 › fails[\s\S]*Expected: 2\n {5}Received: 1[\s\S]*> 3 \| test\('fails'/);
    expect(run.out).toMatch(/✓ 1 passed {2}✕ 1 failed {2}▲ 1 flaky {2}– 1 skipped/);
    expect(readFileSync(path.join(reports, 'html/index.html'), 'utf8')).toContain('<html');
    expect(readFileSync(path.join(reports, 'report.xml'), 'utf8')).toContain('<testsuites');
    const address = /Report +(\S+)/.exec(run.out)?.[1] ?? '';
    expect((await fetch(address)).status).toBe(200);

    expect((await of('logs', '1')).out).toContain('on here');
    expect((await of('status', '1')).out).toMatch(/✕ failed[\s\S]*✕ a\.spec\.ts:3 › fails/);
    const zip = await of('download', '1', '--dir', reports);
    expect(existsSync(zip.out.trim())).toBe(true);
    expect((await of('run', '--failed')).out).toMatch(/Run #2[\s\S]*✕ 1 failed/);

    up.interrupt();
    expect(await up.exit).toBe(0);
    const again = start();
    await again.shows(/Playfleet is up/);
    again.interrupt();
    expect(await again.exit).toBe(0);
  },
);
