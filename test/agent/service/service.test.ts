import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { writeKey } from '../../../src-main/agent/key-file.ts';
import {
  installService,
  printService,
  uninstallService,
  type ServiceOptions,
} from '../../../src-main/agent/service/service.ts';
import {
  launchdPlist,
  systemdUnit,
  windowsCommands,
  type ServiceSpec,
} from '../../../src-main/agent/service/service-text.ts';
import { tempFolder, writeFiles } from '../../support/folders.ts';

const spec: ServiceSpec = {
  node: process.execPath,
  program: '/opt/play fleet/bin/playfleet.mjs',
  args: ['--slots', '2', '--tags', 'a$b,50%,"q"\\'],
  dataDir: '/var/lib/playfleet',
  path: '/usr/local/bin:/usr/bin',
  drainSeconds: 300,
  scope: 'system',
};

test('the systemd unit names every word as systemd reads it, and how to stop', () => {
  const unit = systemdUnit(spec);
  expect(unit).toContain('"/opt/play fleet/bin/playfleet.mjs" "worker" "--slots" "2" "--tags" "a$$b,50%%,\\"q\\"\\\\"');
  expect(unit).toContain('KillMode=mixed\nTimeoutStopSec=360\n');
  expect(unit).toContain('RestartPreventExitStatus=3');
  expect(unit).toContain('WantedBy=multi-user.target');
  expect(systemdUnit({ ...spec, scope: 'user' })).toContain('WantedBy=default.target');
});

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;
test.skipIf(!hasSystemd)('systemd itself finds nothing wrong with the unit', () => {
  const unit = systemdUnit(spec);
  const folder = tempFolder();
  writeFiles(folder, { 'playfleet-worker.service': unit });
  const verified = spawnSync('systemd-analyze', ['verify', path.join(folder, 'playfleet-worker.service')], {
    encoding: 'utf8',
  });
  expect(verified.stderr).toBe('');
  expect(verified.status).toBe(0);
});

const hasPython = spawnSync('python3', ['--version']).status === 0;
test.skipIf(!hasPython)('the launchd list is well-formed XML that holds every word as it is', () => {
  const plist = launchdPlist({ ...spec, args: ['--name', 'a<b>&c'] });
  expect(plist).toContain('<string>a&lt;b&gt;&amp;c</string>');
  expect(plist).toContain('<key>ExitTimeOut</key>\n  <integer>360</integer>');
  const folder = tempFolder();
  writeFiles(folder, { 'a.plist': plist });
  const parsed = execFileSync(
    'python3',
    [
      '-c',
      'import plistlib,json,sys; print(json.dumps(plistlib.load(open(sys.argv[1],"rb"))))',
      path.join(folder, 'a.plist'),
    ],
    { encoding: 'utf8' },
  );
  expect(JSON.parse(parsed)).toMatchObject({
    Label: 'dev.playfleet.worker',
    ProgramArguments: [process.execPath, '/opt/play fleet/bin/playfleet.mjs', 'worker', '--name', 'a<b>&c'],
    KeepAlive: { SuccessfulExit: false },
  });
});

test('the commands for Windows say that they were not tried, and quote every word', () => {
  const commands = windowsCommands({ ...spec, args: ['--name', "ann's"] });
  expect(commands).toContain('were not tried');
  expect(commands).toContain("'worker' '--name' 'ann''s'");
  expect(commands).toContain('AppStopMethodConsole 360000');
});

/** A home with a `systemctl` that writes down what it is asked, and fails on request. */
function rig(): { options: ServiceOptions; home: string; asked: () => string[]; said: string[] } {
  const home = tempFolder();
  const script = `#!/bin/sh\necho "$@" >> ${home}/asked\nif [ -e ${home}/broken ]; then echo 'Failed to connect to bus' >&2; exit 1; fi\n`;
  writeFiles(home, { 'bin/systemctl': { exec: script } });
  const said: string[] = [];
  const options: ServiceOptions = {
    config: {
      dataDir: path.join(home, 'data'),
      drainTimeoutSeconds: null,
      environment: { PATH: `${home}/bin:/usr/bin:/bin` },
    },
    args: ['--join', 'http://c#secret', '--slots', '2', '--data=/elsewhere', '--allow-path', 'suites', '--name=a=b'],
    program: '/opt/playfleet/bin/playfleet.mjs',
    scope: 'user',
    platform: 'linux',
    home,
    uid: 1000,
    say: (line) => said.push(line),
  };
  const asked = (): string[] =>
    existsSync(`${home}/asked`) ? readFileSync(`${home}/asked`, 'utf8').trim().split('\n') : [];
  return { options, home, asked, said };
}

test('a worker that is enrolled installs and removes itself; its token stays out of the file', async () => {
  const { options, home, asked, said } = rig();
  await expect(installService(options)).rejects.toThrow('is not enrolled yet');
  expect(asked()).toEqual([]);
  writeFiles(home, { 'data/.keep': '' });
  await writeKey(path.join(home, 'data', 'key.json'), {
    url: 'http://c',
    pin: null,
    workerId: 'w',
    name: 'n',
    apiKey: 'k',
  });
  await installService(options);
  const file = path.join(home, '.config/systemd/user/playfleet-worker.service');
  const unit = readFileSync(file, 'utf8');
  expect(unit).toContain(
    `"worker" "--slots" "2" "--allow-path" "${path.resolve('suites')}" "--name=a=b" "--data" "${home}/data" "--drain-timeout" "300"`,
  );
  expect(unit).not.toMatch(/secret|elsewhere/);
  expect(asked()).toEqual(['--user daemon-reload', '--user enable --now playfleet-worker']);
  expect(said.join('\n')).toContain('journalctl --user -u playfleet-worker');
  await uninstallService(options);
  expect(existsSync(file)).toBe(false);
  expect(asked().slice(2)).toEqual(['--user disable --now playfleet-worker', '--user daemon-reload']);
});

test('what the service manager says against it is told', async () => {
  const { options, home } = rig();
  writeFiles(home, { 'data/.keep': '', broken: '' });
  await writeKey(path.join(home, 'data', 'key.json'), {
    url: 'http://c',
    pin: null,
    workerId: 'w',
    name: 'n',
    apiKey: 'k',
  });
  await expect(installService(options)).rejects.toThrow(
    'systemctl --user daemon-reload failed: Failed to connect to bus',
  );
});

test('printing changes nothing, and Windows is told what to do by hand', async () => {
  const { options, home, asked, said } = rig();
  printService(options);
  expect(said[0]).toContain(`# ${home}/.config/systemd/user/playfleet-worker.service\n[Unit]`);
  printService({ ...options, platform: 'darwin' });
  expect(said[1]).toContain('Library/LaunchAgents/dev.playfleet.worker.plist');
  await expect(installService({ ...options, platform: 'win32' })).rejects.toThrow('run the commands above');
  expect(said[2]).toContain('nssm install');
  expect(asked()).toEqual([]);
});
