/** Addresses, references and repositories that want git to start something, to write elsewhere, or never to end. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { systemClock } from '../../shared/base/clock.ts';
import type { GitBounds } from '../../src-main/agent/workspace/git-bounds.ts';
import { createGitSources } from '../../src-main/agent/workspace/git-source.ts';
import { must, refused, throwing, type Arena, type Attack, type Family, type Target } from './attack.ts';

const URLS = [
  '--upload-pack=touch /tmp/x',
  '-u./x',
  'ext::sh -c touch% x',
  'EXT::sh',
  'fd::17',
  'file:///etc',
  '/etc/passwd',
  '../repo',
  'ssh://-oProxyCommand=touch%20x/y',
  'ssh://-oProxyCommand=x@host/y',
  '-oProxyCommand=x@host:y',
  'user@-oProxyCommand=x:y',
  'git://example.com/x',
  'http://example.com/x',
  'ftp://example.com/x',
  'https://example.com/x\n--upload-pack=x',
  'https://example.com/\0x',
  'https://exa\u202emple.com/x',
  'https://user@-host/x',
  'https://',
];
const REFS = [
  '--upload-pack=touch x',
  '-b',
  '--output=/tmp/x',
  'main..HEAD',
  '../../etc/passwd',
  'a b',
  'a\0b',
  'a\nb',
  'a\x1b[2J',
  'refs/heads/*',
  'main^{/x}',
  'main@{1}',
  ':/x',
  'x.lock',
];

export const git: Family = async (arena) => {
  const { target } = arena;
  return [
    ...URLS.map((url) => ({
      attack: `a run with the git address ${JSON.stringify(url)}`,
      run: async () => refused(await create(target, { url }), 422),
    })),
    ...REFS.map((ref) => ({
      attack: `a run with the git reference ${JSON.stringify(ref)}`,
      run: async () => refused(await create(target, { ref }), 422),
    })),
    ...agentRefuses(arena),
    ...(await repositories(arena)),
  ];
};

const create = (target: Target, source: object): Promise<Response> =>
  target.request('POST', '/api/v1/test-runs/create', {
    name: 'hostile',
    source: { type: 'git', url: 'https://example.com/x', ref: 'main', projectDir: '', ...source },
  });

/** The worker looks again: its coordinator may be another's by now. */
function agentRefuses(arena: Arena): Attack[] {
  const { signal } = new AbortController();
  const lay = (url: string, commit: string) =>
    sources(arena, ['https', 'ssh']).layOut({ url, commit, signal, onLine: () => undefined }, arena.folder);
  return [
    {
      attack: 'the same addresses, sent to a worker by its coordinator',
      run: async () => {
        for (const url of URLS) await throwing(() => lay(url, 'a'.repeat(40)), /^The git address/);
        return 'the worker refuses each before git is started';
      },
    },
    {
      attack: 'commits that are options, sent to a worker by its coordinator',
      run: async () => {
        for (const commit of [...REFS, `${'a'.repeat(40)}\n`, 'HEAD'])
          await throwing(() => lay('https://example.com/x', commit), /^The git commit/);
        return 'the worker refuses each before git is started';
      },
    },
  ];
}

function sources({ folder }: Arena, protocols: readonly string[], bounds?: GitBounds) {
  const { PATH } = process.env;
  const env = { PATH, HOME: '/nonexistent', GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
  const mirrors = path.join(folder, 'mirrors');
  return createGitSources({ folder: mirrors, env, clock: systemClock, protocols, ...(bounds ? { bounds } : {}) });
}

/** Repositories by somebody hostile, fetched and laid out as a worker does it. What they must not make is `canary`. */
async function repositories(arena: Arena): Promise<Attack[]> {
  const canary = path.join(arena.folder, 'canary');
  const { url: redirecting, close } = await startRedirecting('file:///etc');
  arena.after(close);
  let count = 0;
  const checkOut = async (make: (repo: string) => string, bounds?: GitBounds): Promise<string> => {
    count += 1;
    const repo = path.join(arena.folder, `repo-${count}`);
    const dir = path.join(arena.folder, `laid-${count}`);
    mkdirSync(repo);
    mkdirSync(dir);
    run(repo, ['init', '--quiet', '--bare', '--template=']);
    run(repo, ['config', 'uploadpack.allowAnySHA1InWant', 'true']);
    const commit = make(repo);
    const { signal } = new AbortController();
    await sources(arena, ['file'], bounds).layOut(
      { url: `file://${repo}`, commit, signal, onLine: () => undefined },
      dir,
    );
    must(!existsSync(canary), 'the canary was made');
    return dir;
  };
  const blob = (repo: string, text: string) => run(repo, ['hash-object', '-w', '--stdin'], text);
  const commitOf = (repo: string, lines: readonly string[]) =>
    commitTree(repo, run(repo, ['mktree'], `${lines.join('\n')}\n`));
  const evil = `#!/bin/sh\ntouch ${canary}\n`;

  return [
    {
      attack: 'hooks, a fsmonitor and an ssh command in the repository itself',
      run: async () => {
        const dir = await checkOut((repo) => {
          const commit = commitOf(repo, [`100644 blob ${blob(repo, 'x')}\ta`]);
          for (const hook of ['post-checkout', 'reference-transaction', 'post-index-change']) {
            mkdirSync(path.join(repo, 'hooks'), { recursive: true });
            writeFileSync(path.join(repo, 'hooks', hook), evil, { mode: 0o755 });
          }
          run(repo, ['config', 'core.sshCommand', `touch ${canary}`]);
          run(repo, ['config', 'core.fsmonitor', `touch ${canary}`]);
          return commit;
        });
        must(readdirSync(dir).join() === 'a', readdirSync(dir).join());
        return 'its settings do not travel; the mirror has none, and core.hooksPath=/dev/null';
      },
    },
    {
      attack: 'submodules with .. and ext::',
      run: async () => {
        const modules = `[submodule "../../x"]\n path = sub\n url = ext::touch ${canary}\n update = !touch ${canary}\n`;
        const dir = await checkOut((repo) => {
          const sub = commitOf(repo, [`100644 blob ${blob(repo, 'x')}\ta`]);
          return commitOf(repo, [`100644 blob ${blob(repo, modules)}\t.gitmodules`, `160000 commit ${sub}\tsub`]);
        });
        must(readdirSync(path.join(dir, 'sub')).length === 0, 'the submodule was fetched');
        return 'submodules are not fetched; their folders stay empty';
      },
    },
    {
      attack: 'filters, LFS and a working-tree encoding named in .gitattributes',
      run: async () => {
        const attributes = '* filter=evil diff=evil merge=evil\nlfs filter=lfs\nenc working-tree-encoding=UTF-7\n';
        const lfs = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 5\n`;
        await checkOut((repo) =>
          commitOf(repo, [
            `100644 blob ${blob(repo, attributes)}\t.gitattributes`,
            `100644 blob ${blob(repo, '[lfs]\n url = https://169.254.169.254/\n')}\t.lfsconfig`,
            `100644 blob ${blob(repo, 'x')}\ta`,
            `100644 blob ${blob(repo, lfs)}\tlfs`,
          ]),
        );
        return 'a repository can name filters, and only the settings of the owner could define one';
      },
    },
    {
      attack: 'a tree that holds .git/config',
      run: () =>
        throwing(
          () =>
            checkOut((repo) => {
              const inner = run(repo, ['mktree'], `100644 blob ${blob(repo, '[core]\n')}\tconfig\n`);
              return commitOf(repo, [`040000 tree ${inner}\t.git`]);
            }),
          /invalid path|\.git/,
        ),
    },
    {
      attack: 'a tree that climbs out (..)',
      run: () =>
        throwing(
          () =>
            checkOut((repo) => {
              const inner = run(repo, ['mktree'], `100755 blob ${blob(repo, evil)}\tcanary\n`);
              return commitOf(repo, [`040000 tree ${inner}\t..`]);
            }),
          /invalid path/,
        ),
    },
    {
      attack: 'a link out of the tree, and a file written through it',
      run: async () => {
        const outside = path.join(arena.folder, 'outside');
        mkdirSync(outside, { recursive: true });
        await checkOut((repo) => {
          const inner = run(repo, ['mktree'], `100644 blob ${blob(repo, 'evil')}\tevil\n`);
          return commitOf(repo, [`120000 blob ${blob(repo, outside)}\ta`, `040000 tree ${inner}\ta`]);
        }).catch((error: unknown) => must(/git could not read/.test(String(error)), String(error)));
        must(readdirSync(outside).length === 0, 'it was written through the link');
        return 'git writes nothing through links that it has laid out';
      },
    },
    {
      attack: 'a commit that names one file a billion times (30 kB packed)',
      run: () =>
        throwing(
          () =>
            checkOut((repo) => {
              let tree = run(repo, ['mktree'], `100644 blob ${blob(repo, 'x')}\tf\n`);
              for (let depth = 0; depth < 9; depth++) {
                const twice = Array.from({ length: 10 }, (_, i) => `040000 tree ${tree}\td${i}`);
                tree = run(repo, ['mktree'], `${twice.join('\n')}\n`);
              }
              return commitTree(repo, tree);
            }),
          /has more than 200000 files/,
        ),
    },
    {
      attack: 'a commit whose few files unpack to more than the disk has',
      run: () =>
        throwing(
          () =>
            checkOut(
              (repo) => {
                const big = blob(repo, ' '.repeat(10_000_000));
                return commitOf(
                  repo,
                  Array.from({ length: 30 }, (_, i) => `100644 blob ${big}\tf${i}`),
                );
              },
              { files: 1000, bytes: 250_000_000 },
            ),
          /have more than 250000000 bytes/,
        ),
    },
    {
      attack: 'a repository that is larger than anybody takes',
      run: () =>
        throwing(
          () =>
            checkOut(
              (repo) => {
                const noise = randomBytes(3_000_000).toString('base64');
                return commitOf(repo, [`100644 blob ${blob(repo, noise)}\tf`]);
              },
              { files: 1000, bytes: 100_000 },
            ),
          /has more than 100000 bytes/,
        ),
    },
    {
      attack: 'a server that redirects git to a local repository',
      run: () =>
        throwing(
          () => sources(arena, ['http']).resolve(redirecting, 'main', new AbortController().signal),
          /git could not read/,
        ),
    },
  ];
}

function run(cwd: string, args: readonly string[], input = ''): string {
  const who = ['-c', 'user.name=x', '-c', 'user.email=x@example.invalid'];
  const env = {
    PATH: process.env.PATH,
    HOME: '/nonexistent',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
  };
  return execFileSync('git', [...who, ...args], {
    cwd,
    env,
    input,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe'],
  }).trim();
}

function commitTree(repo: string, tree: string): string {
  const commit = run(repo, ['commit-tree', '-m', 'x', tree]);
  run(repo, ['update-ref', 'refs/heads/main', commit]);
  return commit;
}

async function startRedirecting(to: string): Promise<{ url: string; close: () => void }> {
  const server = createServer((_request, response) => void response.writeHead(302, { location: to }).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/x`, close: () => void server.close().closeAllConnections() };
}
