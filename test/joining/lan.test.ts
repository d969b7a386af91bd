/** What is announced on the LAN and what of it is shown: real packets over multicast on loopback. */
import { EventEmitter } from 'node:events';
import dgram from 'node:dgram';
import { createRequire } from 'node:module';
import { expect, onTestFinished, test } from 'vitest';
import { announce } from '../../coordinator/joining/announce.ts';
import { systemClock, type Clock } from '../../shared/base/clock.ts';
import { lanTxt } from '../../shared/protocol/lan.ts';
import { Discovery } from '../../src-main/joining/discover.ts';
import { LanList, MOST_FOUND, readAnnounced, UNHEARD_MS, type Found } from '../../src-main/joining/rules.ts';

const said = { version: '1.2.3', id: 'a1b2c3d4e5f60718', name: "Kim's Büro", pin: `pfp_${'x'.repeat(43)}` };
const good = { port: 4800, txt: lanTxt(said), addresses: ['192.168.1.7'] };
const found = (address: string): Found => ({ ...readAnnounced(good)!, address });

test('a coordinator of this protocol at a private address is shown', () => {
  expect(readAnnounced(good)).toEqual({
    id: said.id,
    name: "Kim's Büro",
    address: 'https://192.168.1.7:4800',
    version: '1.2.3',
    fingerprint: 'xxxxxxxxxxxx',
  });
  expect(readAnnounced({ ...good, addresses: ['8.8.8.8', 'fd00::1'] })?.address).toBe('https://[fd00::1]:4800');
});

test('announcements that are hostile, foreign or of another version are not', () => {
  const txt = (change: object) => ({ ...good, txt: { ...good.txt, ...change } });
  const bad = {
    'another version': txt({ v: '2' }),
    'no text': { ...good, txt: null },
    'a name without letters': txt({ name: '  ' }),
    'a name with control characters': txt({ name: 'mill\u001b[2J' }),
    'a name that turns the line around': txt({ name: 'mill\u202egnp' }),
    'a name of two lines': txt({ name: 'mill\u2028evil' }),
    'a name that is too long': txt({ name: 'm'.repeat(61) }),
    'an id with other signs': txt({ id: '../../etc' }),
    'port 0': { ...good, port: 0 },
    'a port that is none': { ...good, port: '4800' },
    'a public address': { ...good, addresses: ['8.8.8.8'] },
    'an address that is none': { ...good, addresses: ['mill', undefined, 7] },
    'no address': { ...good, addresses: [] },
  };
  for (const [what, one] of Object.entries(bad)) expect(readAnnounced(one), what).toBeNull();
  expect(readAnnounced(txt({ version: '<b>1</b>', fp: 'x y' }))).toMatchObject({ version: null, fingerprint: null });
});

test('the same address is one, others stand beside it, and who is silent is gone after a while', () => {
  const list = new LanList();
  list.hear(found('https://10.0.0.1:4800'), 0);
  list.hear(found('https://10.0.0.1:4800'), 1000);
  list.hear(found('https://10.0.0.2:4800'), 40_000);
  expect(list.found(40_000)).toHaveLength(2);
  expect(list.found(1000 + UNHEARD_MS + 1).map(({ address }) => address)).toEqual(['https://10.0.0.2:4800']);
  list.leave('https://10.0.0.2:4800');
  expect(list.found(50_000)).toEqual([]);
});

test('a flood fills the list and no more; those that were there first stay', () => {
  const list = new LanList();
  for (let i = 0; i < 500; i++) list.hear(found(`https://10.0.${i >> 8}.${i & 255}:4800`), i);
  expect(list.found(500)).toHaveLength(MOST_FOUND);
  expect(list.found(500).map(({ address }) => address)).toContain('https://10.0.0.0:4800');
});

/** Whether this machine lets a multicast packet come back over loopback. */
async function hasMulticast(port: number): Promise<boolean> {
  const socket = dgram.createSocket({ type: 'udp4', reuseAddr: true });
  try {
    await new Promise<void>((resolve, reject) => socket.once('error', reject).bind(port, '0.0.0.0', resolve));
    socket.addMembership('224.0.0.251', '127.0.0.1');
    socket.setMulticastInterface('127.0.0.1');
    socket.setMulticastLoopback(true);
    const heard = new Promise<boolean>((resolve) => {
      socket.once('message', () => resolve(true));
      setTimeout(() => resolve(false), 2000);
    });
    socket.send('x', port, '224.0.0.251', (error) => error && socket.emit('error', error));
    return await heard;
  } catch {
    return false;
  } finally {
    socket.close();
  }
}

let nextPort = 20_000 + (process.pid % 20_000);
const overLoopback = () => ({ port: nextPort++, interface: '127.0.0.1', bind: '0.0.0.0', loopback: true });
const isHeard = await hasMulticast(nextPort++);

const discovering = (socket: object, clock: Clock = systemClock) => {
  const changes = new EventEmitter();
  const troubles: Error[] = [];
  const discovery: Discovery = new Discovery({
    clock,
    socket,
    onChange: () => changes.emit('change'),
    onTrouble: (error) => troubles.push(error),
  });
  onTestFinished(() => discovery.close());
  const until = async (is: (found: Found[]) => boolean): Promise<Found[]> => {
    while (!is(discovery.found)) await new Promise((resolve) => changes.once('change', resolve));
    return discovery.found;
  };
  return { discovery, until, troubles };
};

test.runIf(isHeard)('who announces itself is found, and says goodbye', async () => {
  const socket = overLoopback();
  const { until, troubles } = discovering(socket);
  const stop = announce({ ...said, port: 4811, socket, report: (error) => troubles.push(error as Error) });
  const [one] = await until((all) => all.length === 1);
  expect(one).toMatchObject({ name: "Kim's Büro", id: said.id, version: '1.2.3' });
  expect(one?.address).toMatch(/^https:\/\/(127|10|172|192|169)\.[\d.]+:4811$/);
  await stop();
  expect(await until((all) => all.length === 0)).toEqual([]);
  expect(troubles).toEqual([]);
});

test.runIf(isHeard)('packets that are no answers, or answers of odd shapes, end nothing', async () => {
  const socket = overLoopback();
  const { until, troubles } = discovering(socket);
  const packet = createRequire(createRequire(import.meta.url).resolve('bonjour-service'))('dns-packet') as {
    encode(packet: object): Buffer;
  };
  const name = 'evil._playfleet._tcp.local';
  const ptr = { name: '_playfleet._tcp.local', type: 'PTR', ttl: 120, data: name };
  const hostile = [
    Buffer.from('not DNS at all'),
    packet.encode({ type: 'response', answers: [ptr] }),
    packet.encode({ type: 'response', answers: [ptr, { name, type: 'TXT', ttl: 120, data: [Buffer.alloc(255, 61)] }] }),
    packet.encode({
      type: 'response',
      answers: [ptr, { name, type: 'SRV', ttl: 120, data: { port: 1, target: 'x' } }],
      additionals: [{ name, type: 'TXT', ttl: 120, data: ['__proto__=1', 'v=1', 'name=\u001b[2J', 'id=x'] }],
    }),
    packet.encode({ type: 'response', answers: Array.from({ length: 120 }, () => ptr) }),
  ];
  const sender = dgram.createSocket('udp4');
  onTestFinished(() => void sender.close());
  await new Promise<void>((resolve) => sender.bind(0, '127.0.0.1', resolve));
  sender.setMulticastInterface('127.0.0.1');
  for (const bytes of hostile) await new Promise((resolve) => sender.send(bytes, socket.port, '224.0.0.251', resolve));
  // Behind all of it, what is good is heard.
  const stop = announce({ ...said, port: 4812, socket, report: (error) => troubles.push(error as Error) });
  onTestFinished(stop);
  expect((await until((all) => all.length > 0)).map(({ id }) => id)).toEqual([said.id]);
  expect(troubles).toEqual([]);
});
