/** The command line and a whole installation over https with the coordinator's own certificate. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openOwnCertificate } from '../../coordinator/own-certificate.ts';
import { tempFolder } from '../support/folders.ts';
import { TlsProxy } from '../support/tls-proxy.ts';
import { cliHome, startCli } from './support/start-cli.ts';
import { suite } from './support/tiny-suite.ts';

test(
  'up --tls: enrolment, link, uploads, live events and downloads go by the pin, and nobody gets in between',
  { timeout: 240_000 },
  async () => {
    const data = tempFolder();
    const cwd = suite();
    const env: Record<string, string> = { ...cliHome(), PLAYFLEET_ALLOW_PATHS: cwd };
    const flags = ['--port', '0', '--data', data, '--slots', '1', '--name', 'here', '--allow-system-browser', '--tls'];
    const up = startCli(['up', ...flags], { env });
    await up.shows(/Now, in the folder of a Playwright project: playfleet run/);
    const of = async (more: Record<string, string>, ...args: string[]) => {
      const started = startCli(args, { env: { ...env, ...more }, cwd });
      return { code: await started.exit, out: started.stdout(), err: started.stderr() };
    };
    const login = JSON.parse(readFileSync(path.join(env.XDG_CONFIG_HOME!, 'playfleet/credentials.json'), 'utf8')) as {
      url: string;
      token: string;
      pin: string;
    };
    expect(login).toMatchObject({
      url: expect.stringMatching(/^https:/) as string,
      pin: expect.stringMatching(/^pfp_/) as string,
    });

    const reports = path.join(tempFolder(), 'reports');
    const run = await of({}, 'run', '--source', 'path', '--report-dir', reports);
    expect(run.err).toBe('');
    expect(run.out).toMatch(/✓ 1 passed {2}✕ 1 failed {2}▲ 1 flaky {2}– 1 skipped/);
    expect(readFileSync(path.join(reports, 'html/index.html'), 'utf8')).toContain('<html');
    expect((await of({}, 'doctor')).out).toContain(`https, by its own certificate, known by the pin ${login.pin}`);

    // As a bundle: the files of the suite go up from here.
    const second = startCli(['run', '--name', 'bundled'], { env, cwd });
    await second.shows(/Run #2/);
    second.interrupt();
    await second.exit;

    const proxy = await TlsProxy.start(login);
    const inCi = { PLAYFLEET_URL: proxy.url, PLAYFLEET_TOKEN: `${login.token}.${login.pin}` };
    expect((await of(inCi, 'workers')).out).toContain('here');
    proxy.intercept((await openOwnCertificate(tempFolder(), ['127.0.0.1'], Date.now())).material);
    const refused = await of(inCi, 'workers');
    expect(refused.code).toBe(2);
    expect(refused.err).toMatch(/This is not the coordinator .* shows another key/);
    expect(refused.err).toMatch(/Ask whoever runs it for its pin[\s\S]*playfleet login/);
    expect(proxy.handshakes).toBe(1);
    expect(proxy.heard).toBe('');
    const unpinned = await of(
      { PLAYFLEET_URL: login.url, PLAYFLEET_TOKEN: login.token, XDG_CONFIG_HOME: tempFolder() },
      'workers',
    );
    expect(unpinned.err).toMatch(/is not trusted here: self-signed certificate/);

    up.interrupt();
    expect(await up.exit).toBe(0);
  },
);
