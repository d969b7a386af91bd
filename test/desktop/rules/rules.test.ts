import { expect, describe, test } from 'vitest';
import { isOurPage, mayFrame, wayOf } from '../../../src-main/desktop/rules/external.ts';
import { factsToTell } from '../../../src-main/desktop/rules/facts.ts';
import { lastWords } from '../../../src-main/desktop/rules/last-words.ts';
import { autostartEntry } from '../../../src-main/desktop/rules/login-item.ts';
import { mayUse } from '../../../src-main/desktop/rules/permissions.ts';
import { headersToGive, headersToSend, whyRefused } from '../../../src-main/desktop/rules/requests.ts';
import { afterEnd, MOST_FAILURES, STEADY_MS } from '../../../src-main/desktop/rules/restart.ts';

describe('links', () => {
  test('within the app stay, apart from the API', () => {
    expect(wayOf('app://playfleet/runs/1')).toBe('stay');
    expect(wayOf('app://playfleet/api/v1/runs')).toBe('nowhere');
    expect(wayOf('app://elsewhere/')).toBe('nowhere');
  });

  test('go to the browser by https and to known sites only, or to the coordinator itself', () => {
    expect(wayOf('https://playwright.dev/docs')).toBe('browser');
    expect(wayOf('https://gist.github.com/x')).toBe('browser');
    expect(wayOf('http://playwright.dev/docs')).toBe('nowhere');
    expect(wayOf('https://notgithub.com/')).toBe('nowhere');
    expect(wayOf('https://github.com.evil.example/')).toBe('nowhere');
    expect(wayOf('https://a:b@github.com/')).toBe('nowhere');
    expect(wayOf('http://mill:4801/c/x/index.html', ['http://mill:4801'])).toBe('browser');
    expect(wayOf('http://mill:4802/', ['http://mill:4801'])).toBe('nowhere');
  });

  test.each(['file:///etc/passwd', 'javascript:alert(1)', 'smb://x/y', 'ms-msdt:/id', 'data:text/html,x', 'nonsense'])(
    'lead nowhere: %s',
    (address) => expect(wayOf(address, ['http://mill:4801'])).toBe('nowhere'),
  );

  test('frames hold the content origin alone', () => {
    expect(mayFrame('http://mill:4801/trace/index.html', 'http://mill:4801')).toBe(true);
    expect(mayFrame('app://playfleet/', 'http://mill:4801')).toBe(false);
    expect(mayFrame('http://mill:4801/', null)).toBe(false);
  });

  test('only the top frame of the app itself is our page', () => {
    expect(isOurPage({ url: 'app://playfleet/setup', isTop: true })).toBe(true);
    expect(isOurPage({ url: 'app://playfleet/setup', isTop: false })).toBe(false);
    expect(isOurPage({ url: 'app://playfleet.evil/setup', isTop: true })).toBe(false);
    expect(isOurPage({ url: 'http://mill:4801/', isTop: true })).toBe(false);
  });
});

describe('requests to the app', () => {
  test('pass from our page, and where the browser itself opens a window', () => {
    expect(whyRefused({ method: 'POST', initiator: 'app://playfleet' })).toBeNull();
    expect(whyRefused({ method: 'GET', initiator: undefined })).toBeNull();
  });

  test('are refused from a frame with foreign code, whatever the method, and changes that nobody asked for', () => {
    for (const method of ['GET', 'POST', 'DELETE'])
      expect(whyRefused({ method, initiator: 'http://mill:4801' })).not.toBeNull();
    expect(whyRefused({ method: 'GET', initiator: 'null' })).not.toBeNull();
    expect(whyRefused({ method: 'POST', initiator: undefined })).not.toBeNull();
    expect(whyRefused({ method: 'OPTIONS', initiator: 'app://playfleet' })).not.toBeNull();
  });

  test('take no cookie or origin along', () => {
    const sent = headersToSend(
      new Headers({ cookie: 'a=b', origin: 'app://playfleet', accept: 'application/json', 'x-api-key': 'k' }),
    );
    expect([...sent.keys()]).toEqual(['accept']);
  });

  test('bring back data, and nothing that could be run or drawn', () => {
    const hostile = headersToGive(
      new Headers({ 'content-type': 'text/html', 'set-cookie': 'a=b', refresh: '0; url=x', link: '</x.js>' }),
    );
    expect(Object.fromEntries(hostile)).toEqual({
      'content-type': 'application/octet-stream',
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
    });
    expect(headersToGive(new Headers({ 'content-type': 'text/javascript' })).get('content-type')).toBe(
      'application/octet-stream',
    );
    const stream = headersToGive(new Headers({ 'content-type': 'text/event-stream; charset=utf-8' }));
    expect(stream.get('content-type')).toBe('text/event-stream; charset=utf-8');
  });
});

test('the page may copy and go full-screen, and nothing else', () => {
  expect(mayUse('clipboard-sanitized-write', 'app://playfleet')).toBe(true);
  expect(mayUse('fullscreen', 'app://playfleet/')).toBe(true);
  for (const other of ['geolocation', 'media', 'notifications', 'openExternal', 'hid', 'unknown', 'clipboard-read'])
    expect(mayUse(other, 'app://playfleet')).toBe(false);
  expect(mayUse('fullscreen', 'http://mill:4801')).toBe(false);
});

describe('a child that ended', () => {
  const random = () => 0.5;

  test('is started again, each time later, and given up at last', () => {
    const waits: (number | null)[] = [];
    let failures = 0;
    for (let n = 0; n < MOST_FAILURES; n++) {
      const after = afterEnd({ failures, ranMs: 500, hopeless: false }, random);
      failures = after.failures;
      waits.push(after.startInMs);
    }
    expect(waits).toEqual([750, 1500, 3000, 6000, 12_000, null]);
  });

  test('that had run steadily begins to be counted anew', () => {
    expect(afterEnd({ failures: 5, ranMs: STEADY_MS, hopeless: false }, random)).toEqual({
      failures: 1,
      startInMs: 750,
    });
  });

  test('that says it is hopeless is given up at once', () => {
    expect(afterEnd({ failures: 0, ranMs: 500, hopeless: true }, random)).toEqual({ failures: 1, startInMs: null });
  });

  test('is quoted with its last error, not with what it said besides', () => {
    const log = (level: number, msg: string) => JSON.stringify({ level, time: 1, msg });
    expect(lastWords([log(30, 'starting'), log(50, 'the key was revoked'), log(30, 'stopped')])).toBe(
      'the key was revoked',
    );
    expect(lastWords(['playfleet: Port 4800 is in use.', 'Stop what uses it.'])).toBe(
      'playfleet: Port 4800 is in use. Stop what uses it.',
    );
    expect(lastWords(['{"type":"failure","message":"Port in use.","mend":"Stop it."}'])).toBe('Port in use. Stop it.');
    expect(lastWords([log(30, 'starting')])).toBeNull();
    expect(lastWords([])).toBeNull();
  });
});

describe('facts for the agent', () => {
  const facts = { idleSeconds: 100, onBattery: false, locked: false };

  test('are told at first, at once when something changes or somebody is back, else seldom', () => {
    const last = { facts, at: 0 };
    expect(factsToTell(facts, null, 0)).toEqual(facts);
    expect(factsToTell({ ...facts, idleSeconds: 101 }, last, 1000)).toBeNull();
    expect(factsToTell({ ...facts, idleSeconds: 0 }, last, 1000)).not.toBeNull();
    expect(factsToTell({ ...facts, idleSeconds: 101, onBattery: true }, last, 1000)).not.toBeNull();
    expect(factsToTell({ ...facts, idleSeconds: 115 }, last, 15_000)).not.toBeNull();
  });
});

test('the autostart file holds a program with strange signs in its path as the standard wants it', () => {
  const lines = autostartEntry('/home/a b/play"fleet$ 100%').split('\n');
  expect(lines).toContain('Exec="/home/a b/play\\\\"fleet\\\\$ 100%%" --hidden');
  expect(lines[0]).toBe('[Desktop Entry]');
});
