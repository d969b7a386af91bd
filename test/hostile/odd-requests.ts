/** Bytes on the wire that two programs might read in two ways, or that are never to end. */
import { connect } from 'node:net';
import { must, refused, type Attack, type Family, type Target } from './attack.ts';

const PIECE = 16_384;
const BODY = '{"name":"smuggled","total_shards":1}';

export const oddRequests: Family = ({ target }) => {
  const auth = `Host: x\r\nAuthorization: Bearer ${target.adminToken}\r\nContent-Type: application/json\r\n`;
  const post = (headers: string, body = BODY): string =>
    `POST /api/v1/test-runs/create HTTP/1.1\r\n${auth}${headers}\r\n${body}`;
  const chunked = `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`;
  const length = BODY.length;
  const refusedAs = (attack: string, bytes: string, status: RegExp): Attack => ({
    attack,
    run: async () => {
      const answers = await talk(target, bytes);
      must(answers.length > 0, 'nothing was answered');
      must(
        answers.every((line) => status.test(line)),
        `was answered ${answers.join(' then ')}`,
      );
      must(!(await names(target)).includes('smuggled'), 'the run was made');
      return answers.join(' then ');
    },
  });
  return [
    refusedAs('two different Content-Lengths', post(`Content-Length: ${length}\r\nContent-Length: 5\r\n`), /^400/),
    refusedAs('two Content-Lengths in one line', post(`Content-Length: ${length}, ${length}\r\n`), /^400/),
    refusedAs(
      'the same Content-Length twice',
      post(`Content-Length: ${length}\r\nContent-Length: ${length}\r\n`),
      /^400/,
    ),
    refusedAs(
      'Content-Length and chunks (CL.TE)',
      post(`Content-Length: 4\r\nTransfer-Encoding: chunked\r\n`, chunked),
      /^400/,
    ),
    refusedAs(
      'chunks and Content-Length (TE.CL)',
      post(`Transfer-Encoding: chunked\r\nContent-Length: 4\r\n`, chunked),
      /^400/,
    ),
    ...['xchunked', 'chunked, identity', '\vchunked', 'chunked\r\nTransfer-Encoding: x'].map((encoding) =>
      refusedAs(
        `Transfer-Encoding: ${JSON.stringify(encoding)}`,
        post(`Transfer-Encoding: ${encoding}\r\n`, chunked),
        /^(400|501)/,
      ),
    ),
    refusedAs('a space before the colon', post(`Content-Length : ${length}\r\n`), /^400/),
    refusedAs('a folded header', post(`Content-Length:\r\n ${length}\r\n`), /^400/),
    refusedAs('a Content-Length with a sign', post(`Content-Length: +${length}\r\n`), /^400/),
    refusedAs('a Content-Length beyond all numbers', post('Content-Length: 99999999999999999999\r\n'), /^(400|413)/),
    refusedAs('a chunk with a negative size', post('Transfer-Encoding: chunked\r\n', `-1\r\n${chunked}`), /^400/),
    refusedAs('line ends without CR', post(`Content-Length: ${length}\r\n`).replaceAll('\r\n', '\n'), /^400/),
    refusedAs('a NUL in a header', post(`X: a\0b\r\nContent-Length: ${length}\r\n`), /^400/),
    refusedAs('two Hosts', post(`Host: evil\r\nContent-Length: ${length}\r\n`), /^400/),
    refusedAs('no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', /^400/),
    refusedAs('headers of a megabyte', post(`X: ${'x'.repeat(1_000_000)}\r\n`), /^431/),
    refusedAs('ten thousand headers', post(`${'X: y\r\n'.repeat(10_000)}`), /^431/),
    refusedAs('an address of 100 kB', `GET /${'x'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, /^431/),
    {
      attack: 'a second request in the body of the first',
      run: async () => {
        const inner = post(`Content-Length: ${length}\r\n`);
        const answers = await talk(
          target,
          `${post(`Content-Length: ${inner.length}\r\nConnection: close\r\n`, inner)}`,
        );
        must(
          answers.length === 1 && !(await names(target)).includes('smuggled'),
          `was answered ${answers.join(' then ')}`,
        );
        return `one answer, ${answers[0] ?? ''}: the body counts as a body`;
      },
    },
    {
      attack: 'a hundred bodies that stand still',
      run: async () => {
        const idle = Array.from({ length: 100 }, () => {
          const socket = connect(portOf(target), '127.0.0.1');
          socket.on('error', () => undefined);
          socket.write(post('Content-Length: 1000000\r\n', '{'));
          return socket;
        });
        try {
          await Promise.all(idle.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
          const started = performance.now();
          must((await target.request('GET', '/api/v1/test-runs')).ok, 'others are not served');
          return `others are served (${Math.round(performance.now() - started)} ms); cut after two minutes of silence`;
        } finally {
          for (const socket of idle) socket.destroy();
        }
      },
    },
    {
      attack: 'a body that says it is small and does not end',
      run: async () => {
        const answers = await talk(
          target,
          post(`Content-Length: 10\r\n`, '{"name":"smuggled","total_shards":1}'.repeat(1000)),
        );
        must(!(await names(target)).includes('smuggled'), 'the run was made');
        return `${answers.join(' then ')}: what comes behind is read as a request, and is none`;
      },
    },
    {
      attack: 'JSON nested a hundred thousand deep, in every field that takes any JSON',
      run: async () => {
        const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
        const bodies: [string, string][] = [
          ['/test-runs/create', `{"name":"smuggled","total_shards":1,"metadata":{"a":${deep}}}`],
          ['/test-runs/create', `{"name":${deep}}`],
          ['/workers/register', `{"hostname":"x","capabilities":{"browsers":[],"platform":"linux","more":${deep}}}`],
          ['/test-runs/create', deep],
        ];
        const said: string[] = [];
        for (const [path, body] of bodies) {
          const headers = { authorization: `Bearer ${target.adminToken}`, 'content-type': 'application/json' };
          said.push(
            await refused(
              await fetch(`${target.url}/api/v1${path}`, { method: 'POST', headers, body }),
              400,
              401,
              403,
              422,
            ),
          );
        }
        return [...new Set(said)].join(', ');
      },
    },
    {
      attack: 'chunks of one byte without end',
      run: async () => {
        const answers = await talk(target, post('Transfer-Encoding: chunked\r\n', '1\r\nx\r\n'.repeat(1_100_000)));
        must(/^413/.test(answers[0] ?? ''), `was answered ${answers.join()}`);
        return `${answers[0] ?? ''}, as soon as there are far too many`;
      },
    },
  ];
};

const portOf = ({ url }: Target): number => Number(new URL(url).port);

async function names(target: Target): Promise<string[]> {
  const { items } = (await (await target.request('GET', '/api/v1/test-runs?limit=200')).json()) as {
    items: { name: string }[];
  };
  return items.map(({ name }) => name);
}

/** Sends bytes as they are. Resolves to the status lines of all answers, when the server closes or has nothing more to say. */
function talk(target: Target, bytes: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(portOf(target), '127.0.0.1');
    let text = '';
    const done = () => {
      socket.destroy();
      resolve([...text.matchAll(/HTTP\/1\.1 (\d{3} [^\r]*)/g)].map(([, line = '']) => line));
    };
    socket.setTimeout(2000, done);
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    // Refused while it is still being sent: what was answered counts.
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' || error.code === 'EPIPE' ? done() : reject(error),
    );
    socket.on('close', done);
    const all = Buffer.from(bytes, 'latin1');
    // Piece by piece: who has been answered sends no more, or the answer might be lost with the connection.
    const send = (from: number): void => {
      if (from >= all.length || text !== '' || socket.destroyed) return;
      socket.write(all.subarray(from, from + PIECE), () => setImmediate(send, from + PIECE));
    };
    send(0);
  });
}
