import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { root } from '../../scripts/programs.ts';
import { startCoordinator } from '../support/coordinator.ts';
import { tempFolder, writeFiles } from '../support/folders.ts';

interface Instruction {
  name: string;
  value: string;
}

const read = (name: string): string => readFileSync(path.join(root, name), 'utf8');

/** Instructions in their order; lines that end with a backslash go on. */
function instructions(text: string): Instruction[] {
  const lines = text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n');
  return lines
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name = '', value = ''] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
      if (name === '') throw new Error(`not an instruction: ${line}`);
      return { name, value };
    });
}

const dockerfile = instructions(read('docker/Dockerfile'));
const values = (name: string): string[] => dockerfile.filter((one) => one.name === name).map(({ value }) => value);
/** The instructions of the stage and of those that it begins from. */
function stage(name: string): Instruction[] {
  const from = dockerfile.findIndex((one) => one.name === 'FROM' && one.value.endsWith(` AS ${name}`));
  const next = dockerfile.findIndex((one, index) => index > from && one.name === 'FROM');
  const own = dockerfile.slice(from + 1, next < 0 ? undefined : next);
  const base = dockerfile[from]!.value.split(' ')[0]!;
  return values('FROM').some((value) => value.endsWith(` AS ${base}`)) ? [...stage(base), ...own] : own;
}

test('every file that goes into a container exists, and the build is given it', () => {
  const given = read('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));
  const copied = values('COPY')
    .filter((value) => !value.startsWith('--from='))
    .flatMap((value) => value.split(' ').slice(0, -1));
  expect(copied.length).toBeGreaterThan(8);
  expect(copied.filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
  expect(copied.filter((file) => !given.includes(file))).toEqual([]);
  expect(given.filter((file) => !copied.includes(file))).toEqual([]);
});

test('the base is the pinned Node, and nothing secret is asked for while building', () => {
  const { devDependencies } = JSON.parse(read('package.json')) as { devDependencies: Record<string, string> };
  expect(values('ARG')).toEqual([expect.stringMatching(`^NODE=${devDependencies['node']}-[a-z]+-slim$`)]);
  expect(values('ENV').join(' ')).not.toMatch(/token|secret|password|key=/i);
  expect(values('FROM').filter((value) => value.includes(':latest'))).toEqual([]);
});

test.each(['coordinator', 'worker'])(
  'the %s runs as nobody special, says how it does, keeps its data outside, and is told to end by SIGTERM',
  (name) => {
    const all = stage(name);
    const last = (instruction: string) => all.findLast((one) => one.name === instruction)?.value;
    expect(last('USER')).toBe('node');
    expect(last('HEALTHCHECK')).toContain(`healthcheck.mjs", "${name}"]`);
    expect(last('VOLUME')).toBe('/data');
    expect(last('STOPSIGNAL')).toBe('SIGTERM');
    expect(JSON.parse(last('ENTRYPOINT')!)).toEqual(['tini', '--', 'node', '/opt/playfleet/bin/playfleet.mjs']);
    expect(JSON.parse(last('CMD')!)).toEqual([name]);
  },
);

test('the example names containers that are built here, encrypts, and holds no token', () => {
  const { services, volumes } = parse(read('docker/compose.yaml')) as {
    services: Record<
      string,
      { build: { target: string; dockerfile: string }; volumes: string[]; environment: Record<string, string> }
    >;
    volumes: object;
  };
  expect(Object.keys(services)).toEqual(['coordinator', 'worker']);
  for (const [name, service] of Object.entries(services)) {
    expect(service.build).toMatchObject({ target: name, dockerfile: 'docker/Dockerfile' });
    for (const volume of service.volumes) expect(volumes).toHaveProperty(volume.split(':')[0]!);
  }
  expect(services['coordinator']!.environment['PLAYFLEET_TLS']).toBe('1');
  expect(services['worker']!.environment['PLAYFLEET_JOIN']).toBe('${PLAYFLEET_JOIN:-}');
});

/** Exit code and words of the health check of a container with this environment. */
async function health(what: string, env: Record<string, string>): Promise<{ code: number; said: string }> {
  const script = path.join(root, 'docker/healthcheck.mjs');
  return promisify(execFile)(process.execPath, [script, what], { env }).then(
    ({ stdout }) => ({ code: 0, said: stdout.trim() }),
    (error: { code: number; stderr: string }) => ({ code: error.code, said: error.stderr.trim() }),
  );
}

test.each([undefined, 'own'] as const)(
  'a coordinator is healthy while it can store results (encryption: %s)',
  async (tls) => {
    const coordinator = await startCoordinator(tls === undefined ? {} : { tls });
    const env = { PLAYFLEET_COORDINATOR_PORT: new URL(coordinator.url).port };
    expect(await health('coordinator', env)).toEqual({ code: 0, said: 'ready' });
    await coordinator.stop();
    expect((await health('coordinator', env)).code).toBe(1);
  },
);

test.skipIf(process.platform !== 'linux')('a worker is healthy while it is connected to its coordinator', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const folder = tempFolder();
  writeFiles(folder, { 'key.json': JSON.stringify({ url: `http://127.0.0.1:${port}` }) });
  expect(await health('worker', { PLAYFLEET_DATA: folder })).toEqual({
    code: 1,
    said: `no connection to 127.0.0.1:${port}`,
  });
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  expect(await health('worker', { PLAYFLEET_DATA: folder })).toEqual({ code: 0, said: `connected to port ${port}` });
  socket.destroy();
  server.close();
  expect((await health('worker', { PLAYFLEET_DATA: tempFolder() })).code).toBe(1);
});
