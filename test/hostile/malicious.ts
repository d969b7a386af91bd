/** A test that attacks the machine it runs on, run by a real agent in real Playwright beside a run of another project. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Programs } from '../../scripts/programs.ts';
import { good, must, type Arena, type Attack, type Family, type Target } from './attack.ts';
import { KILLER_SPEC, MALICIOUS_SPEC, VICTIM_SPEC, type Findings, type MaliciousPlan } from './malicious-spec.ts';
import { createRun, reportMade, runView, startWorker, until, writeSuite } from './runs.ts';

const SHOP_SECRET = 'sh0p secret/of+its-own';
const BANK_SECRET = 'bank-vault-money';
/** Nobody: what a worker is that has a user of its own. Only root can start one; otherwise worker and coordinator are one user here. */
const OTHER_USER = process.getuid?.() === 0 ? 65_534 : undefined;
const CONFIG = `export default { workers: 1, projects: [{ name: 'api', use: {} }] };\n`;
const KEPT_CHARS = 4 * 1024 * 1024;

interface Scene {
  findings: Findings;
  target: Target;
  runId: string;
  /** All that the run left at the coordinator: log, tests, events, database. */
  told: string;
  logChars: number;
  agentAlive: boolean;
}

export const malicious =
  (programs: Programs): Family =>
  async (arena) => {
    const scene = await play(arena, programs);
    return [...stopped(scene), ...ofTheSameUser(scene), killing(arena, programs)];
  };

async function play({ target, folder, after }: Arena, programs: Programs): Promise<Scene> {
  const at = (name: string): string => path.join(folder, name);
  // mkdtemp makes it for its owner alone.
  await chmod(folder, 0o711);
  await mkdir(at('out'));
  await chmod(at('out'), 0o777);
  const suite = await writeSuite(at('malicious'), { 'evil.spec.js': MALICIOUS_SPEC, 'playwright.config.js': CONFIG });
  const victim = await writeSuite(at('victim'), { 'victim.spec.js': VICTIM_SPEC, 'playwright.config.js': CONFIG });
  for (const [project, name, value] of [
    ['shop', 'SHOP_SECRET', SHOP_SECRET],
    ['bank', 'BANK_SECRET', BANK_SECRET],
  ])
    await good(await target.request('PUT', `/api/v1/projects/${project}/secrets/default/${name}`, { value }));
  const elsewhere = await elsewhereOf(target);
  const workerData = at('worker');
  const agent = await startWorker(target, programs, {
    name: 'lent laptop',
    slots: 2,
    dataDir: workerData,
    suites: [suite, victim],
    projects: ['shop', 'bank'],
    ...(OTHER_USER === undefined ? {} : { uid: OTHER_USER }),
  });
  const victimRun = await createRun(target, victim, { project: 'bank', env: { OUT: at('out') } });
  await until(() => Promise.resolve(existsSync(at('out/victim'))), Boolean, 'the test of the other project');
  const plan: MaliciousPlan = {
    url: target.url,
    workerData,
    coordinatorData: target.dataDir,
    out: at('out'),
    ...elsewhere,
  };
  const runId = await createRun(target, suite, { project: 'shop', env: { PLAN: JSON.stringify(plan) } });
  after(() => endLeftovers());
  const ended = await reportMade(target, runId);
  const file = at('out/findings.json');
  must(existsSync(file), `the malicious test did not get to its end: ${JSON.stringify(ended)}`);
  await reportMade(target, victimRun);
  const log = await logOf(target, runId);
  return {
    findings: JSON.parse(readFileSync(file, 'utf8')) as Findings,
    target,
    runId,
    told: [log, await shown(target, runId), databaseOf(target)].join('\n'),
    logChars: log.length,
    agentAlive: agent.exitCode === null && agent.signalCode === null,
  };
}

/** A task that another worker holds, and a tree that only that one may read. */
async function elsewhereOf(target: Target): Promise<Pick<MaliciousPlan, 'otherTree' | 'otherTask' | 'otherFence'>> {
  const tree = JSON.stringify({ version: 1, files: [] });
  const otherTree = createHash('sha256').update(tree).digest('hex');
  const headers = { authorization: `Bearer ${target.adminToken}` };
  await good(await fetch(`${target.url}/api/v1/blobs/${otherTree}`, { method: 'PUT', headers, body: tree }));
  const { apiKey } = await target.enrol('honest');
  const source = { type: 'bundle', tree: otherTree, projectDir: '' };
  const { test_run_id: id } = await good<{ test_run_id: string }>(
    await target.request('POST', '/api/v1/test-runs/create', {
      name: 'elsewhere',
      project: 'elsewhere',
      total_shards: 1,
      source,
    }),
  );
  const { items } = await good<{ items: { id: string }[] }>(
    await target.request('GET', `/api/v1/test-runs/${id}/tasks`),
  );
  const otherTask = items[0]?.id ?? '';
  const { grant } = await good<{ grant: { fence: number } }>(
    await target.request('POST', `/api/v1/tasks/${otherTask}/claim`, {}, { authorization: `Bearer ${apiKey}` }),
  );
  return { otherTree, otherTask, otherFence: grant.fence };
}

async function logOf(target: Target, runId: string): Promise<string> {
  let text = '';
  let cursor: string | null = '';
  while (cursor !== null) {
    const page: { items: { text: string }[]; next_cursor: string | null } = await good(
      await target.request(
        'GET',
        `/api/v1/test-runs/${runId}/logs?limit=500${cursor === '' ? '' : `&cursor=${cursor}`}`,
      ),
    );
    text += page.items.map((line) => line.text).join('');
    cursor = page.next_cursor;
  }
  return text;
}

async function shown(target: Target, runId: string): Promise<string> {
  const read = async (at: string) => (await target.request('GET', `/api/v1/test-runs/${runId}${at}`)).text();
  const { items } = JSON.parse(await read('/tests?limit=100')) as { items: { test_id: string }[] };
  const details = await Promise.all(items.map(({ test_id: id }) => read(`/tests/${id}`)));
  const events = await (await target.request('GET', `/api/v1/events?limit=500&run_id=${runId}`)).text();
  return [...details, await read(''), await read('/tasks'), await read('/report/json'), events].join('\n');
}

const databaseOf = ({ dataDir }: Target): string =>
  readdirSync(dataDir)
    .filter((name) => name.startsWith('playfleet.db'))
    .map((name) => readFileSync(path.join(dataDir, name), 'latin1'))
    .join('');

function stopped({ findings, told, logChars, agentAlive }: Scene): Attack[] {
  const found = (name: string): string => findings[name] ?? 'it was not tried';
  const calls = Object.entries(findings).filter(([name]) => /^(call|enrol|exchange) /.test(name));
  const forms = [SHOP_SECRET, encodeURIComponent(SHOP_SECRET), ...['', 'x', 'xy'].map(inBase64)];
  return [
    {
      attack: "keys and tokens in the test's own environment",
      run: () => {
        must(found('own environment') === '', found('own environment'));
        return Promise.resolve('only allow-listed variables are inherited');
      },
    },
    {
      attack: 'calling the API with all keys and tokens that it found',
      run: () => {
        must(calls.length >= 13, `only ${calls.length} calls were tried`);
        const good = calls.filter(([, status]) => !['401', '403', '404', '422'].includes(status));
        must(good.length === 0, good.map((call) => call.join(': ')).join());
        return Promise.resolve(
          `refused, all ${calls.length} calls: a worker's key opens its own record and tasks, a join token works once`,
        );
      },
    },
    {
      attack: "reading the files of another worker's task with this worker's key",
      run: () => {
        must(found('tree of another run') === '404', found('tree of another run'));
        return Promise.resolve('404: a key reads the trees of its leased tasks');
      },
    },
    {
      attack: "reporting for another worker's task with this worker's key",
      run: () => {
        const status = found('result for the task of another worker');
        must(['403', '404', '409'].includes(status), status);
        return Promise.resolve(`${status}: tasks belong to who holds their lease`);
      },
    },
    {
      attack: 'leaving processes behind (detached; orphaned in a session of their own)',
      run: () => {
        const left = sleepers().filter(({ seconds }) => seconds !== 7003);
        must(left.length === 0, `${left.length} are left`);
        return Promise.resolve('what carries the mark of the task, and its families, are killed at its end');
      },
    },
    {
      attack: 'telling its own secret, whole, by single characters, cut at every place, in base64, URL and JSON',
      run: () => {
        must(told.includes('reversed '), 'the test has told nothing');
        const leaks = forms.filter((form) => told.includes(form));
        must(leaks.length === 0, `${leaks.length} forms are at the coordinator`);
        return Promise.resolve(`***, in all ${forms.length} forms, in log, results, events and database`);
      },
    },
    {
      attack: 'filling logs with 20 MB',
      run: () => {
        must(logChars > 0 && logChars <= KEPT_CHARS * 1.1, `${logChars} characters were kept`);
        must(agentAlive, 'the agent has ended');
        return Promise.resolve(`${logChars} characters are kept; the agent goes on`);
      },
    },
    ...(OTHER_USER === undefined
      ? []
      : [
          'files of the coordinator',
          'key of the coordinator',
          'database of the coordinator',
          'memory of the agent',
        ].map((name): Attack => ({
          attack: `the ${name}${name.startsWith('memory') ? '' : ', on the same machine, by a worker with a user of its own'}`,
          ...(name.startsWith('memory') && !found(name).startsWith('failed') ? { trusted: true as const } : {}),
          run: () => {
            if (name.startsWith('memory') && !found(name).startsWith('failed'))
              return Promise.resolve('could be opened: processes of one user may debug each other on this machine');
            must(/^failed: (EACCES|EPERM)/.test(found(name)), found(name));
            return Promise.resolve(found(name).replace('failed: ', ''));
          },
        }))),
  ];
}

const inBase64 = (before: string): string =>
  Buffer.from(before + SHOP_SECRET)
    .toString('base64')
    .slice(before === '' ? 0 : 4, -4);

/** What no worker can keep from a test that runs as its own user. What stops it: a user (--run-as), a container or a machine for the tests. */
function ofTheSameUser({ findings, told }: Scene): Attack[] {
  const trusted = (attack: string, run: () => string): Attack => ({
    attack,
    trusted: true,
    run: () => Promise.resolve(run()),
  });
  const read = (name: string): string => ((findings[name] ?? '').startsWith('failed') ? 'not read here' : 'read');
  return [
    trusted("the agent's key file", () => {
      const has = findings['key file']?.startsWith('pfw_');
      return `${has ? 'read' : 'not read here'}: who has it is this worker, until the worker is removed`;
    }),
    trusted("another project's secret, in the environment of a test that runs beside", () => {
      const has = findings['environments']?.includes(BANK_SECRET);
      return `${has ? 'read' : 'not read here'}: projects that do not trust each other need workers of their own`;
    }),
    trusted(
      'the outbox (results of other tasks that are not sent yet)',
      () => `${read('outbox')}: ${findings['outbox']}`,
    ),
    trusted('the folders of other slots', () => `${read('other slots')}: ${findings['other slots']}`),
    trusted('a process that drops its environment and its session', () => {
      const left = sleepers().filter(({ seconds }) => seconds === 7003).length;
      return `${left === 0 ? 'was found and killed here' : 'outlived its task'}: only the end of its user or container is sure to end it`;
    }),
    trusted('telling its own secret in a form of its own (backwards)', () => {
      const has = told.includes([...SHOP_SECRET].reverse().join(''));
      return `${has ? 'told' : 'not told here'}: a test that is given a secret can tell it`;
    }),
    ...(OTHER_USER === undefined
      ? [
          trusted(
            'the files of a coordinator on the same machine',
            () => `${read('files of the coordinator')}: give the worker a user of its own`,
          ),
        ]
      : []),
  ];
}

/** The `sleep`s of the malicious test that still run. */
function sleepers(): { pid: number; seconds: number }[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const seconds = /^(?:\/bin\/)?sleep\0(700[123])\0/.exec(readFileSync(`/proc/${name}/cmdline`, 'latin1'))?.[1];
      return seconds === undefined ? [] : [{ pid: Number(name), seconds: Number(seconds) }];
    } catch {
      // Gone meanwhile.
      return [];
    }
  });
}

function endLeftovers(): void {
  for (const { pid } of sleepers()) process.kill(pid, 'SIGKILL');
}

function killing({ target, folder }: Arena, programs: Programs): Attack {
  return {
    attack: 'killing the agent',
    run: async () => {
      const suite = await writeSuite(path.join(folder, 'killer'), {
        'kill.spec.js': KILLER_SPEC,
        'playwright.config.js': CONFIG,
      });
      const agent = await startWorker(target, programs, {
        name: 'doomed',
        slots: 1,
        dataDir: path.join(folder, 'doomed'),
        suites: [suite],
        projects: ['killer'],
        ...(OTHER_USER === undefined ? {} : { uid: OTHER_USER }),
      });
      const killed = new Promise((resolve) => agent.once('exit', resolve));
      const runId = await createRun(target, suite, { project: 'killer', env: { AGENT: String(agent.pid) } });
      await killed;
      type Tasks = { items: { status: string; worker_id: string | null }[] };
      const tasks = () =>
        target.request('GET', `/api/v1/test-runs/${runId}/tasks`).then((answer) => good<Tasks>(answer));
      const isFree = ({ items }: Tasks): boolean => items.every(({ worker_id: worker }) => worker === null);
      await until(tasks, isFree, 'the return of the task', 30_000);
      const { status, tests } = await runView(target, runId);
      must(status !== 'completed' && tests.expected === 0, `the run is ${status}`);
      await good(await target.request('POST', `/api/v1/test-runs/${runId}/cancel`));
      return 'the agent dies, and is missed within seconds: its task goes back to the queue, and counts as nothing; after three such losses the test is quarantined';
    },
  };
}
