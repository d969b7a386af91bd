/** Nothing is released that would never take an update, or whose updates its own builds refuse. */
import { spawnSync } from 'node:child_process';
import { writeFileSync, mkdirSync, existsSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { whyNoRelease, whyNotSignedBy } from '../../scripts/release/pinned.ts';
import { makeKey } from '../../scripts/release/signing.ts';
import { root } from '../../scripts/programs.ts';
import { tempFolder } from '../support/folders.ts';
import { newPublisher } from '../support/update-feed.ts';

const script = (name: string, args: readonly string[], env: Record<string, string> = {}) => {
  const ran = spawnSync(process.execPath, [path.join(root, 'scripts/release', name), ...args], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], ...env },
  });
  return { code: ran.status, said: ran.stderr.trim() };
};
const [current, next] = [newPublisher().publicKey, newPublisher().publicKey];

test('a release needs a pinned key, and a signature by one', () => {
  expect(whyNoRelease([])).toMatch(
    /^resources\/update-keys.json holds no key, so nothing is released: .*Make two keys/,
  );
  expect(whyNoRelease([current])).toBeNull();
  expect(whyNotSignedBy([next], [current])).toMatch(/^none of the keys that sign is in resources\/update-keys.json/);
  expect(whyNotSignedBy([next], [current, next])).toBeNull();
  expect(whyNotSignedBy([next], [])).toBe(whyNoRelease([]));
});

test('the script of the release ends with 2 and one clear sentence where a key is lacking or damaged', () => {
  const file = path.join(tempFolder(), 'keys.json');
  const check = (text: string) => {
    writeFileSync(file, text);
    return script('check-keys.ts', [file]);
  };
  expect(check('{"keys":[]}')).toEqual({ code: 2, said: `check-keys: ${whyNoRelease([])}` });
  expect(check(JSON.stringify({ keys: [current] }))).toEqual({ code: 0, said: '' });
  expect(check('{"keys":["short"]}').said).toMatch(/keys.0: must be an Ed25519 public key/);
  expect(check('{').code).toBe(2);
  expect(script('check-keys.ts', [file, file])).toEqual({ code: 2, said: 'check-keys: name one file, or none' });
});

test('a workflow signs nothing with a key that its builds do not pin', () => {
  const folder = path.join(tempFolder(), 'release');
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'playfleet-0.1.0-linux-amd64.deb'), 'a package');
  const env = { PLAYFLEET_UPDATE_SIGNING_KEY: makeKey(null).pem };
  const { code, said } = script('sign-update.ts', [folder, '--pinned'], env);
  expect(code).toBe(2);
  expect(said).toMatch(/^sign-update: (resources\/update-keys.json holds no key|none of the keys that sign)/);
  expect(existsSync(path.join(folder, 'playfleet-stable.json'))).toBe(false);
});
