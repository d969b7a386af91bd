/** Which arguments a run may hand to Playwright: `playfleet run -- <these>`. */

/** Takes a value: never, always, only as `--name=value` or as the next word that is no option, or all such words that follow. */
type Takes = 'nothing' | 'value' | 'maybe' | 'many';

const ACCEPTED: Record<string, Takes> = {
  '--browser': 'value',
  '--config': 'value',
  '--fail-on-flaky-tests': 'nothing',
  '--forbid-only': 'nothing',
  '--fully-parallel': 'nothing',
  '--global-timeout': 'value',
  '--grep': 'value',
  '--grep-invert': 'value',
  '--headed': 'nothing',
  '--ignore-snapshots': 'nothing',
  '--max-failures': 'value',
  '--no-deps': 'nothing',
  '--pass-with-no-tests': 'nothing',
  '--project': 'many',
  '--quiet': 'nothing',
  '--repeat-each': 'value',
  '--retries': 'value',
  '--shuffle': 'maybe',
  '--timeout': 'value',
  '--trace': 'value',
  '--tsconfig': 'value',
  '--update-snapshots': 'maybe',
  '--update-source-method': 'value',
  '-x': 'nothing',
};

const SHORT: Record<string, string> = {
  '-c': '--config',
  '-g': '--grep',
  '-G': '--grep-invert',
  '-u': '--update-snapshots',
  '-j': '--workers',
};

const OURS: Record<string, string> = {
  '--reporter': 'Playfleet reports itself, and every run gives HTML, JSON and JUnit',
  '--add-reporter': 'Playfleet reports itself, and every run gives HTML, JSON and JUnit',
  '--shard': 'use `playfleet run --shards N`',
  '--workers': 'how many tests run at once is set by the slots of the workers (`playfleet worker --slots N`)',
  '--output': 'each process gets its own folder, and its files come back as artifacts',
  '--list': 'a run is for running; use `npx playwright test --list`',
  '--ui': 'there is nobody in front of a worker; use `npx playwright test --ui`',
  '--ui-host': 'there is nobody in front of a worker; use `npx playwright test --ui`',
  '--ui-port': 'there is nobody in front of a worker; use `npx playwright test --ui`',
  '--debug': 'there is nobody in front of a worker; use `npx playwright test --debug`',
  '--run-agents': 'it writes into the suite, and what a worker writes does not come back',
  '--last-failed': 'which tests failed is known to the coordinator, not to the worker: retry the failed tests of a run',
  '--last-failed-file':
    'which tests failed is known to the coordinator, not to the worker: retry the failed tests of a run',
  '--only-changed': 'a worker has the files without their git history',
  '--test-list': 'Playfleet picks tests in its own way; use --grep, --project or file filters',
  '--test-list-invert': 'Playfleet picks tests in its own way; use --grep-invert, --project or file filters',
};

export interface PlaywrightArgs {
  /** For the command line, without the config. */
  args: string[];
  /** Config file as given, relative to the suite's folder; null where none is. */
  config: string | null;
  headed: boolean;
}

export type ArgsResult = { ok: true; value: PlaywrightArgs } | { ok: false; message: string };

/** Checks the arguments after `playwright test`, as Playwright itself would read them; `message` names the argument and the mend. */
export function parsePlaywrightArgs(given: string[]): ArgsResult {
  const value: PlaywrightArgs = { args: [], config: null, headed: false };
  const words = [...given];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (!word.startsWith('-') || word === '-') {
      value.args.push(word);
      continue;
    }
    const option = parseOption(word, words);
    if ('message' in option) return { ok: false, message: option.message };
    const { name, values } = option;
    if (name === '--config' || name === '--tsconfig') {
      const problem = notOnWorkers(name, values[0] ?? '');
      if (problem) return { ok: false, message: problem };
    }
    if (name === '--config') {
      value.config = values[0] ?? null;
      continue;
    }
    if (name === '--headed') value.headed = true;
    // Always in one word: what follows cannot be taken for a value then, nor a value for an option.
    value.args.push(...(values.length === 0 ? [name] : values.map((each) => `${name}=${each}`)));
  }
  return { ok: true, value };
}

function parseOption(word: string, rest: string[]): { name: string; values: string[] } | { message: string } {
  const { given, attached } = splitOption(word);
  const name = SHORT[given] ?? given;
  const ours = OURS[name];
  if (ours !== undefined) return { message: `${given} cannot be passed to Playwright: ${ours}` };
  const takes = ACCEPTED[name];
  if (takes === undefined) {
    return {
      message: `${given} is not an option that Playfleet can pass to Playwright${word === '--' ? ': leave out the second --' : ''}`,
    };
  }
  if (takes === 'nothing') {
    return attached === null ? { name, values: [] } : { message: `${given} takes no value, but got "${attached}"` };
  }
  if (attached !== null) return { name, values: [attached] };
  const values: string[] = [];
  while (rest[0] !== undefined && (takes === 'many' || values.length === 0)) {
    if (rest[0].startsWith('-') && takes !== 'value') break;
    values.push(rest.shift() ?? '');
  }
  if (values.length === 0 && takes !== 'maybe') return { message: `${given} needs a value` };
  return { name, values };
}

/** `--name=value`, `-xvalue` for short options with a value, or the name alone. */
function splitOption(word: string): { given: string; attached: string | null } {
  if (!word.startsWith('--')) {
    const given = word.slice(0, 2);
    return { given, attached: word.length > 2 ? word.slice(2) : null };
  }
  const equals = word.indexOf('=');
  return equals < 0
    ? { given: word, attached: null }
    : { given: word.slice(0, equals), attached: word.slice(equals + 1) };
}

function notOnWorkers(name: string, file: string): string | null {
  if (!/^([/\\]|[A-Za-z]:)/.test(file)) return null;
  return `${name} must be a path relative to the suite's folder, because workers have the suite elsewhere: "${file}"`;
}
