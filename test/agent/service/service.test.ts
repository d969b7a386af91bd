import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { systemClock, type Clock } from '../../../shared/base/clock.ts';
import { openDataDir } from '../../../src-main/agent/data-dir.ts';
import { runAgent } from '../../../src-main/agent/main.ts';
import { writeKey } from '../../../src-main/agent/key-file.ts';
import {
  installService,
  printService,
  serviceStatus,
  uninstallService,
  type ServiceOptions,
} from '../../../src-main/agent/service/service.ts';
import {
  launchdPlist,
  systemdUnit,
  whyFleeting,
  windowsTask,
  type ServiceSpec,
} from '../../../src-main/agent/service/service-text.ts';
import { FakeCoordinator, JOIN_TOKEN } from '../../support/fake-coordinator.ts';
import { tempFolder, writeFiles } from '../../support/folders.ts';
import { agentConfig, captureLog } from '../support.ts';

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

test.skipIf(!hasPython)(
  'the task for Windows is well-formed, without the rights of an administrator, and starts again by itself',
  () => {
    const args = ['--name', 'a<b>&c "d"', '--tags', 'e\\\\', '--data', 'C:\\Program Data\\x\\'];
    const text = windowsTask({ ...spec, program: 'C:\\Program Files\\Playfleet\\playfleet.mjs', args });
    const read =
      'import json,sys,xml.etree.ElementTree as E; t=E.fromstring(sys.stdin.read().replace(\'encoding="UTF-16"\',""));' +
      'print(json.dumps({e.tag.split("}")[1]:e.text for e in t.iter()}))';
    const task = JSON.parse(execFileSync('python3', ['-c', read], { encoding: 'utf8', input: text })) as object;
    expect(task).toMatchObject({
      UserId: 'S-1-5-20',
      RunLevel: 'LeastPrivilege',
      MultipleInstancesPolicy: 'IgnoreNew',
      ExecutionTimeLimit: 'PT0S',
      Interval: 'PT1M',
      Command: process.execPath,
      Arguments:
        '"C:\\Program Files\\Playfleet\\playfleet.mjs" "worker" "--name" "a<b>&c \\"d\\"" "--tags" "e\\\\\\\\" "--data" "C:\\Program Data\\x\\\\"',
    });
  },
);

test('a service is not installed from a place that ends with the program', () => {
  expect(whyFleeting('/opt/Playfleet/resources/playfleet/bin/playfleet.mjs')).toBeNull();
  expect(whyFleeting('/tmp/.mount_PlayflAbC/resources/playfleet/bin/playfleet.mjs')).toContain('AppImage');
  expect(whyFleeting('/Volumes/Playfleet 0.1.0/Playfleet.app/Contents/x.mjs')).toContain('move it to Applications');
  expect(whyFleeting('/private/var/folders/x/AppTranslocation/1/d/Playfleet.app/x.mjs')).toContain('Applications');
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
    clock: systemClock,
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

test('how the service does is what its manager says, and whether that is well', async () => {
  const { options, home, asked, said } = rig();
  expect(await serviceStatus(options)).toBe(true);
  expect(asked()).toEqual(['--user --no-pager status playfleet-worker']);
  writeFiles(home, { broken: '' });
  expect(await serviceStatus(options)).toBe(false);
  expect(said.at(-1)).toContain('Failed to connect to bus');
  const none = { ...options, config: { ...options.config, environment: { PATH: `${home}/nothing` } } };
  await expect(serviceStatus(none)).rejects.toThrow('systemctl --user --no-pager status playfleet-worker failed');
});

test('printing changes nothing; Windows has one for the machine only', async () => {
  const { options, home, asked, said } = rig();
  printService(options);
  expect(said[0]).toContain(`# ${home}/.config/systemd/user/playfleet-worker.service\n[Unit]`);
  printService({ ...options, platform: 'darwin' });
  expect(said[1]).toContain('Library/LaunchAgents/dev.playfleet.worker.plist');
  printService({ ...options, platform: 'win32', scope: 'system' });
  expect(said[2]).toContain('service.xml\n<?xml version="1.0" encoding="UTF-16"?>');
  expect(said[2]).toContain('worker.log');
  await expect(installService({ ...options, platform: 'win32' })).rejects.toThrow('add --system');
  await expect(installService({ ...options, platform: 'aix' })).rejects.toThrow('no service manager on aix');
  expect(asked()).toEqual([]);
});

test('a worker of Windows is registered from UTF-16, and its folder opened for the account of services', async () => {
  const { options, home, asked } = rig();
  writeFiles(home, {
    'bin/schtasks': { exec: `#!/bin/sh\necho "schtasks $@" >> ${home}/asked\n` },
    'bin/icacls': { exec: `#!/bin/sh\necho "icacls $@" >> ${home}/asked\n` },
    'data/.keep': '',
  });
  await writeKey(path.join(home, 'data', 'key.json'), {
    url: 'http://c',
    pin: null,
    workerId: 'w',
    name: 'n',
    apiKey: 'k',
  });
  const system = { ...options, platform: 'win32', scope: 'system' } as const;
  await installService(system);
  const file = path.join(home, 'data', 'service.xml');
  expect(asked()).toEqual([
    'icacls /opt/playfleet /grant *S-1-5-20:(OI)(CI)RX /T /Q',
    `icacls ${home}/data /grant *S-1-5-20:(OI)(CI)M /T /Q`,
    `schtasks /Create /F /TN \\Playfleet\\Worker /XML ${file}`,
  ]);
  expect(readFileSync(file).subarray(0, 4)).toEqual(Buffer.from('\uFEFF<', 'utf16le'));
  await uninstallService(system);
  expect(existsSync(file)).toBe(false);
});

/** As `install-service` has left it, with commands that write down what they are asked. */
function windowsRig() {
  const made = rig();
  const { home, options } = made;
  writeFiles(home, { 'bin/schtasks': { exec: `#!/bin/sh\necho "schtasks $@" >> ${home}/asked\n` }, 'data/.keep': '' });
  const system = { ...options, platform: 'win32', scope: 'system' } as const;
  const task = '/TN \\Playfleet\\Worker';
  const steps = [`schtasks /Change ${task} /DISABLE`, `schtasks /End ${task}`, `schtasks /Delete /F ${task}`];
  return { ...made, system, steps };
}

test('where the manager would end a worker without a word, it is asked to finish first, and is not started again meanwhile', async () => {
  const { system, steps, asked, said, options } = windowsRig();
  const coordinator = await FakeCoordinator.start();
  const { log } = captureLog();
  const config = agentConfig({ join: `${coordinator.url}#${JOIN_TOKEN}`, data: options.config.dataDir });
  let askedBeforeItsEnd: string[] = [];
  const ended = runAgent(config, log).then((code) => {
    askedBeforeItsEnd = asked();
    return code;
  });
  await coordinator.untilConnected(1);
  await uninstallService(system);
  expect(await ended).toBe(0);
  expect(askedBeforeItsEnd).toEqual(steps.slice(0, 1));
  expect(asked()).toEqual(steps);
  expect(said[0]).toBe('the worker finishes what it runs, for at most 300 s');
  expect(coordinator.messages).toContainEqual(expect.objectContaining({ type: 'intent', intent: 'draining' }));
});

test('one that does not end in time is ended all the same, and one that does not run is not waited for', async () => {
  const { system, steps, asked, said, options } = windowsRig();
  const held = openDataDir(options.config.dataDir);
  await uninstallService({ ...system, clock: new HurryingClock() });
  held.close();
  expect(asked()).toEqual(steps);
  expect(said[1]).toMatch(/^it has not ended by then; it is ended now/);
  await uninstallService(system);
  expect(said.slice(3)).toEqual([
    'the worker finishes what it runs, for at most 300 s',
    expect.stringMatching(/^removed /) as string,
  ]);
});

/** Each wait takes no time, and counts as it was asked for. */
class HurryingClock implements Clock {
  #at = 0;
  now = (): number => this.#at;
  monotonic = (): number => this.#at;
  after(ms: number, fn: () => void): () => void {
    this.#at += ms;
    const timer = setImmediate(fn);
    return () => clearImmediate(timer);
  }
}
