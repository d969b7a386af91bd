import { execFileSync } from 'node:child_process';
import { Command } from 'commander';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { commandOf, commandText, quoted } from '../../../src-renderer/launch/command.ts';
import { afterText, EMPTY_FORM, requestOf, type Form } from '../../../src-renderer/launch/form.ts';
import { runCreate } from '../../../shared/protocol/rest/runs.ts';
import type { Cli } from '../../../src-main/cli/cli.ts';
import { addRunCommands } from '../../../src-main/cli/program/runs.ts';
import { prepareRequest, type RunOptions } from '../../../src-main/cli/run/request.ts';
import { findSource, type Sending } from '../../../src-main/cli/run/source.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');

/** What a POSIX shell makes of a line. */
function wordsOf(line: string): string[] {
  const out = execFileSync('/bin/sh', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' });
  return out.split('\0').slice(0, -1);
}

/** The request of `playfleet WORDS…`, by the program's own option parser. */
async function requestOfCommand(words: string[], env: Record<string, string>, groups: unknown): Promise<unknown> {
  const parsed: { args: string[]; options: RunOptions }[] = [];
  const program = new Command('playfleet').enablePositionalOptions().exitOverride();
  const cli = {} as Cli;
  addRunCommands(program, cli, () => (...given: unknown[]) => {
    parsed.push({ args: given[0] as string[], options: given[1] as RunOptions });
    return Promise.resolve();
  });
  await program.parseAsync(words, { from: 'user' });
  const { args, options } = parsed[0]!;
  const read = options.groups === undefined ? {} : { groups };
  const make = prepareRequest(options, args, env, NOW, read);
  return make({ ...(await findSource(cli, options, args, {} as Sending)), ...read });
}

const text = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .map((one) => one.trim())
  .filter((one) => one !== '' && !/[\n\0\r\u2028\u2029]/.test(one));
const plain = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,15}$/);
const optional = (arbitrary: fc.Arbitrary<string>) => fc.oneof(fc.constant(''), arbitrary);
const list = (arbitrary: fc.Arbitrary<string>) =>
  fc.uniqueArray(arbitrary, { maxLength: 3 }).map((all) => all.join('\n'));
const some = <T extends string>(...all: T[]) => fc.subarray(all).map((chosen) => chosen.join('\n'));
const noOption = text.filter((one) => !one.startsWith('-'));

const form: fc.Arbitrary<Form> = fc.record({
  ...(Object.fromEntries(Object.entries(EMPTY_FORM).map(([key, preset]) => [key, fc.constant(preset)])) as {
    [K in keyof Form]: fc.Arbitrary<string>;
  }),
  project: text,
  team: optional(text),
  name: optional(text),
  source: fc.constantFrom('git', 'path'),
  url: plain.map((name) => `https://git.example.com/${name}.git`),
  ref: optional(plain),
  dir: optional(plain),
  path: plain.map((name) => `/srv/${name}`),
  projects: list(noOption),
  files: list(noOption),
  tags: list(plain.map((name) => `@${name}`)),
  grep: optional(text),
  invert: optional(text),
  args: some('--headed', '--max-failures=3', '-x'),
  config: optional(plain.map((name) => `${name}.config.ts`)),
  base: optional(plain.map((name) => `https://${name.replaceAll(/[_.-]/g, '')}.example.com/?a=b&c='d'`)),
  retries: optional(fc.nat(100).map(String)),
  environment: optional(plain),
  env: list(fc.stringMatching(/^E_[A-Z0-9]{1,8}$/)),
  browsers: some('chromium', 'firefox', 'webkit'),
  platforms: some('linux', 'darwin', 'win32'),
  needs: list(plain),
  kind: fc.constantFrom('queue', 'shards'),
  shards: fc.integer({ min: 1, max: 100 }).map(String),
  order: fc.constantFrom('longest_first', 'likely_failures_first'),
  priority: optional(fc.nat(1000).map(String)),
  deadline: optional(fc.integer({ min: 1, max: 1e6 }).map((s) => new Date(NOW + s * 1000).toISOString())),
  labels: list(plain),
  after: fc
    .array(
      fc.record({
        run: fc.integer({ min: 1, max: 9999 }).map(String),
        on: fc.constantFrom('success' as const, 'end' as const, 'failure' as const),
        otherwise: fc.constantFrom('skip' as const, 'run' as const, 'wait' as const),
      }),
      { maxLength: 2 },
    )
    .map(afterText),
  groups: fc.constantFrom('', '[{"name":"first","select":{"tag":"@smoke"}}]'),
});

test('the command that the page shows starts the same run as its button', async () => {
  await fc.assert(
    fc.asyncProperty(form, async (given) => {
      const env = Object.fromEntries(given.env.split('\n').map((name) => [name, `value of ${name}`]));
      const sent = runCreate.safeParse(requestOf(given, null, env));
      // What the coordinator would refuse anyway needs no command.
      fc.pre(sent.success);
      const words = wordsOf(commandText(commandOf(given)));
      expect(words.slice(0, 2)).toEqual(['npx', 'playfleet']);
      const groups: unknown = given.groups === '' ? undefined : JSON.parse(given.groups);
      expect(await requestOfCommand(words.slice(2), env, groups)).toEqual(sent.data);
    }),
    { numRuns: 150 },
  );
});

test('whatever stands in a word, a shell reads it as that word', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }).filter((one) => !/[\0\uD800-\uDFFF]/u.test(one))), (words) => {
      fc.pre(words.length > 0);
      expect(wordsOf(words.map(quoted).join(' '))).toEqual(words);
    }),
  );
});

test('plain words are not quoted, so that the command stays readable', () => {
  const given = { ...EMPTY_FORM, project: 'shop', source: 'git', url: 'https://git.example.com/shop.git', ref: 'main' };
  expect(commandText(commandOf({ ...given, tags: '@smoke' }))).toBe(
    "npx playfleet run --name 'shop main' --project shop --git https://git.example.com/shop.git --ref main -- '--grep=(?:@smoke)(?!\\S)'",
  );
});
