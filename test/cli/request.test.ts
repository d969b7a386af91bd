import { expect, test } from 'vitest';
import { CliFailure } from '../../src-main/cli/failure.ts';
import { byteCount, milliseconds, wholeNumber } from '../../src-main/cli/run/quantities.ts';
import { prepareRequest, requirementsOf, type Found, type RunOptions } from '../../src-main/cli/run/request.ts';

const NOW = Date.parse('2030-05-01T12:00:00Z');
const FOUND: Found = {
  source: { type: 'bundle', tree: 'a'.repeat(64), projectDir: 'e2e' },
  configFile: null,
  project: 'shop',
  name: 'main 1234abcd',
  metadata: { git: { branch: 'main' } },
};
const request = (options: RunOptions, args: string[] = [], variables: Record<string, string> = {}) =>
  prepareRequest(options, args, variables, NOW)(FOUND);

test('without options the request says what was found', () => {
  expect(request({})).toMatchObject({
    name: 'main 1234abcd',
    project: 'shop',
    config: { args: [], env: {} },
    source: FOUND.source,
    requirements: {},
    priority: 100,
    metadata: { git: { branch: 'main' } },
  });
  expect(request({})).not.toHaveProperty('total_shards');
});

test('every option arrives where the coordinator expects it', () => {
  const options: RunOptions = {
    name: 'nightly',
    project: 'web',
    shards: '4',
    tag: ['smoke', 'ci'],
    require: ['browser=firefox,tag=gpu', 'platform=macos,memory=8GB,cpus=4'],
    priority: '500',
    env: ['STAGE=qa=1', 'USER_NAME'],
    baseUrl: 'https://qa.example.test',
    timeout: '30s',
    retries: '2',
    taskTimeout: '10m',
  };
  expect(
    request(options, ['tests/cart.spec.ts', '-g', '@smoke', '--config', 'ci.config.ts'], { USER_NAME: 'ann' }),
  ).toMatchObject({
    name: 'nightly',
    project: 'web',
    total_shards: 4,
    tags: ['smoke', 'ci'],
    priority: 500,
    task_timeout_seconds: 600,
    requirements: { browsers: ['firefox'], tags: ['gpu'], platform: ['darwin'], min_memory_bytes: 8e9, min_cpus: 4 },
    config: {
      args: ['tests/cart.spec.ts', '--grep=@smoke'],
      config_file: 'ci.config.ts',
      env: { STAGE: 'qa=1', USER_NAME: 'ann' },
      base_url: 'https://qa.example.test',
      timeout: 30_000,
      retries: 2,
    },
  });
});

test.each<[RunOptions, string[], RegExp]>([
  [{ shards: '0' }, [], /^--shards takes a whole number from 1/],
  [{ shards: '3.5' }, [], /--shards/],
  [{ retries: '-1' }, [], /^--retries/],
  [{ timeout: 'soon' }, [], /^--timeout takes a time such as/],
  [{ taskTimeout: '2d' }, [], /^--task-timeout/],
  [{ tag: ['a b'] }, [], /^--tag: letters, digits/],
  [{ require: ['colour=red'] }, [], /^--require colour: not known/],
  [{ require: ['browser='] }, [], /^--require browser=: a value is missing/],
  [{ require: ['browser=netscape'] }, [], /^--require/],
  [{ env: ['MISSING'] }, [], /^--env MISSING: this variable is not set here/],
  [{ env: ['PATH=/x'] }, [], /^--env PATH: is reserved/],
  [{ env: ['1X=y'] }, [], /^--env 1X:/],
  [{ baseUrl: 'ftp://x' }, [], /^--base-url/],
  [{ priority: '1001' }, [], /^--priority/],
  [{ name: '' }, [], /^--name/],
  [{}, ['--reporter=html'], /--reporter cannot be passed to Playwright/],
  [{}, ['--workers', '4'], /--workers/],
  [{}, ['--no-such-option'], /--no-such-option is not an option/],
])('%j %j is refused before anything is packed, with its name', (options, args, message) => {
  expect(() => prepareRequest(options, args, {}, NOW)).toThrow(message);
  expect(() => prepareRequest(options, args, {}, NOW)).toThrow(CliFailure);
});

test('a refused variable does not show its value, which may be a secret', () => {
  const secret = 'hunter2\0';
  expect(() => request({ env: [`KEY=${secret}`] })).toThrow(/--env KEY/);
  expect(() => request({ env: [`KEY=${secret}`] })).not.toThrow(/hunter2/);
});

test('requirements given twice are joined', () => {
  expect(requirementsOf(['tag=a', 'tag=b, arch=arm64', 'displays=1,disk=1.5GB'])).toEqual({
    tags: ['a', 'b'],
    arch: ['arm64'],
    min_displays: 1,
    min_disk_bytes: 1.5e9,
  });
});

test('quantities are read with their units', () => {
  expect([
    milliseconds('x', '250', 1),
    milliseconds('x', '90', 1000),
    milliseconds('x', '1.5h', 1),
    milliseconds('x', '2 min', 1),
  ]).toEqual([250, 90_000, 5_400_000, 120_000]);
  expect([byteCount('x', '512'), byteCount('x', '200MB'), byteCount('x', '1GiB')]).toEqual([512, 2e8, 2 ** 30]);
  expect(() => byteCount('--max-size', '5 bananas')).toThrow(/^--max-size takes a size such as/);
  expect(wholeNumber('x', '7', 1, 9)).toBe(7);
});

test('--after names a run, how it must end and what happens otherwise, in any order', () => {
  const edges = (...after: string[]) => request({ after }).depends_on;
  expect(edges('12', '#13:end', '0199-abc:wait', '14:skip:failure')).toEqual([
    { run: '12', on: 'success', otherwise: 'skip' },
    { run: '13', on: 'end', otherwise: 'skip' },
    { run: '0199-abc', on: 'success', otherwise: 'wait' },
    { run: '14', on: 'failure', otherwise: 'skip' },
  ]);
  expect(() => edges('12:soon')).toThrow(/--after 12:soon: "soon" is not understood/);
  expect(() => edges('12:end:success')).toThrow(/"success" is not understood/);
  expect(() => edges(':end')).toThrow(/a run is missing/);
});

test('what the file of --groups holds travels with the config, and what is wrong in it is named', () => {
  const groups = (content: unknown) =>
    prepareRequest({}, [], {}, NOW, { groups: content })({ ...FOUND, groups: content }).config.groups;
  const smoke = { name: 'smoke', select: { tag: '@smoke' } };
  expect(groups([smoke])).toEqual([{ ...smoke, after: [], on_failure: 'skip' }]);
  expect(groups({ groups: [smoke] })).toHaveLength(1);
  expect(() => groups({ smoke })).toThrow(/--groups: the file holds no list/);
  expect(() => groups([{ ...smoke, select: {} }])).toThrow(/--groups 0.select: needs one of/);
  expect(() => groups([{ ...smoke, aftre: [] }])).toThrow(/--groups 0: .*aftre/);
});

test('a deadline is a time of day, a time from now, or a date; what is over or unclear is refused', () => {
  const at = (text: string) => request({ deadline: text }).deadline;
  expect(at('45m')).toBe('2030-05-01T12:45:00.000Z');
  expect(at('2030-05-01T15:30:00+02:00')).toBe('2030-05-01T13:30:00.000Z');
  const local = new Date(NOW);
  const [soon, before] = [local.getTime() + 60_000, local.getTime() - 60_000].map((ms) => {
    const time = new Date(ms);
    return `${time.getHours()}:${String(time.getMinutes()).padStart(2, '0')}`;
  });
  expect(Date.parse(at(soon!)!)).toBe(NOW + 60_000);
  // Over for today: tomorrow's, an hour more or less where the clocks change.
  expect(Math.abs(Date.parse(at(before!)!) - (NOW - 60_000 + 86_400_000))).toBeLessThanOrEqual(3_600_000);
  expect(() => at('2029-01-01T10:00')).toThrow(/--deadline 2029-01-01T10:00 is over already/);
  expect(() => at('teatime')).toThrow(/--deadline takes a time of day/);
  expect(() => at('25:00')).toThrow(/--deadline takes a time of day/);
});

test('requests are for all slots or for tests with a tag', () => {
  expect(request({ request: ['cpus=0.5,memory=2GiB', '@heavy:cpus=4'], environment: 'staging' })).toMatchObject({
    requests: { cpus: 0.5, memory_bytes: 2 ** 31, by_tag: { '@heavy': { cpus: 4 } } },
    environment: 'staging',
  });
  expect(() => request({ request: ['gpu=1'] })).toThrow(/--request gpu: not known/);
  expect(() => request({ request: ['cpus=many'] })).toThrow(/--request cpus takes a number/);
  expect(() => request({ request: ['cpus=0'] })).toThrow(/--request cpus:/);
  expect(() => request({ environment: 'two words' })).toThrow(/--environment: letters/);
});
