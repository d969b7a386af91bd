/** Trees (bundles, report folders) whose names lead elsewhere. Who lays one out reads it with parseTree() first. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { signContent } from '../../coordinator/artifacts/content-token.ts';
import { openDataKey } from '../../coordinator/identity/data-key.ts';
import { canonicalTree, parseTree, type TreeFile } from '../../shared/protocol/tree.ts';
import { good, must, refused, type Family, type Target } from './attack.ts';

const HASH = createHash('sha256').update('').digest('hex');
const file = (name: string): TreeFile => ({ path: name, mode: 'file', sha256: HASH, size: 0 });
const link = (name: string, target: string): TreeFile => ({ path: name, mode: 'link', target });

/** Each list of files must be refused as a whole. */
export const HOSTILE_TREES: [string, TreeFile[]][] = [
  ['..', [file('../evil')]],
  ['.. in the middle', [file('a/../../evil')]],
  ['an absolute path', [file('/etc/cron.d/evil')]],
  ['a drive letter', [file('C:/evil')]],
  ['a stream of NTFS', [file('a.txt:evil')]],
  ['a backslash', [file('..\\evil')]],
  ['a NUL', [file('a\0.png')]],
  ['a control character', [file('a\x1b]0;x\x07')]],
  ['a character that turns the direction', [file('a\u202egnp.exe')]],
  ['a device of Windows (CON)', [file('CON')]],
  ['a device of Windows with an extension (aux.spec.ts)', [file('tests/aux.spec.ts')]],
  ['a name that Windows cuts off (evil.)', [file('evil. ')]],
  ['two names that differ in case', [file('README'), file('readme')]],
  ['two names that differ in case of a long s', [file('ſ'), file('s')]],
  ['two spellings of one letter', [file('e\u0301')]],
  ['the same name twice', [file('a'), file('a')]],
  ['a file below a file', [file('a'), file('a/b')]],
  ['a file below a link', [link('a', 'b'), file('a/evil')]],
  ['a file below a link, in other case', [link('Dir', 'b'), file('dir/evil')]],
  ['a link out of the tree', [link('a', '../../etc/passwd')]],
  ['a link to an absolute path', [link('a', '/etc/passwd')]],
  ['a link to a drive', [link('a', 'C:/Windows')]],
  ['a link out by way of another link', [link('a', 'b/../../x')]],
  ['hooks of a repository (.git)', [file('.git/hooks/post-checkout')]],
  ['a repository by its short name (GIT~1)', [file('GIT~1/config')]],
  ['a link into a repository', [link('a', '.git/config')]],
];

export const trees: Family = ({ target }) => [
  ...HOSTILE_TREES.map(([what, files]) => ({
    attack: `a tree with ${what}`,
    run: async () => {
      const { problem = 'nothing' } = parseTree(Buffer.from(canonicalTree(files)));
      must(/^unsafe tree/.test(problem), `refused for ${problem}`);
      must((await openTree(target, files)).status === 404, 'its files are served');
      return problem.slice(0, 110);
    },
  })),
  {
    attack: 'a tree with the same content in another spelling (to have two ids for one)',
    run: async () => {
      const text = canonicalTree([file('a')]);
      const { problem } = parseTree(Buffer.from(text.replace('{"version"', '{ "version"')));
      must(problem !== undefined, 'it was taken');
      return problem;
    },
  },
  {
    attack: 'a tree of more files than anybody has',
    run: async () => {
      const many = Array.from({ length: 200_001 }, (_, i) => file(`f${i}`));
      const { problem } = parseTree(Buffer.from(canonicalTree(many)));
      must(problem !== undefined, 'it was taken');
      return problem.slice(0, 110);
    },
  },
  {
    attack: 'a file of a tree whose bytes are others than its hash says',
    run: async () => refused(await target.request('PUT', `/api/v1/blobs/${HASH}`, { evil: true }), 422),
  },
];

async function openTree(target: Target, files: TreeFile[]): Promise<Response> {
  const bytes = Buffer.from(canonicalTree(files));
  const tree = createHash('sha256').update(bytes).digest('hex');
  const headers = { authorization: `Bearer ${target.adminToken}` };
  await good(
    await fetch(`${target.url}/api/v1/blobs/${tree}`, { method: 'PUT', body: new Uint8Array(bytes), headers }),
  );
  const token = signContent({ sha256: tree, expiresAt: Date.now() + 60_000 }, await contentKey(target));
  return fetch(`${target.contentUrl}/c/${token}/${encodeURIComponent(files[0]?.path ?? '')}`);
}

/** What the coordinator signs addresses of reports with; the attackers of other families lack it. */
export const contentKey = async ({ dataDir }: Pick<Target, 'dataDir'>): Promise<Uint8Array> =>
  (await openDataKey(path.join(dataDir, 'secret.key'))).derive('content links');
