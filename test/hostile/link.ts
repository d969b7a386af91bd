/** A worker that is let in and says what no agent says. Others must not notice. */
import { good, must, type Attack, type Family, type Target } from './attack.ts';
import { speak } from './hand-worker.ts';

const MEGABYTE = 1024 * 1024;
const DEEP = `${'{"steps":['.repeat(50_000)}${']}'.repeat(50_000)}`;
const HELD = '"taskId":"t","attempt":1,"fence":1';
const REPORT = `{"type":"report","id":1,"report":{"kind":"results",${HELD},"attempts":[{"testId":"t","steps":[${DEEP}]}],"settled":[]}}`;

/** A frame, and the code with which the link is to be ended; null: it is answered, and the link goes on. */
const FRAMES: [string, string | Uint8Array, number | null][] = [
  ['null', 'null', 4400],
  ['a number', '7', 4400],
  ['a list', '[[]]', 4400],
  ['nothing', '', 4400],
  ['no JSON', '{"type":', 4400],
  ['bytes that are no text', new Uint8Array([0xff, 0xfe, 0x00, 0x80]), 4400],
  ['an unknown message', '{"type":"sudo"}', 4400],
  ['a message that poisons objects', '{"type":"__proto__","__proto__":{"admin":true}}', 4400],
  ['a second greeting', '{"type":"hello","protocol":4}', 4400],
  ['lists nested a hundred thousand deep', `{"type":"log","text":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 4400],
  ['a report with steps nested fifty thousand deep', REPORT, null],
  ['a report without an id', '{"type":"report","report":{}}', 4400],
  ['a report with an id beyond all numbers', '{"type":"report","id":1e400,"report":{}}', null],
  ['a report of an unknown kind', '{"type":"report","id":2,"report":{"kind":"x"}}', null],
  ['a million free slots', '{"type":"offer","free":1000000}', 4400],
  ['a frame of 33 megabytes', ' '.repeat(33 * MEGABYTE), 1009],
];

export const link: Family = async ({ target, after }) => {
  const { apiKey: neighbour } = await target.enrol('neighbour');
  // Room for what other attacks have left waiting.
  const other = await speak(target.url, neighbour, 20);
  after(() => other.close());
  let ended: number | null = null;
  void other.closed.then((code) => (ended = code));
  const unharmed = async (): Promise<void> => {
    const { status } = await good<{ status: string }>(await fetch(`${target.url}/healthz`));
    must(
      status === 'ok' && ended === null,
      `the coordinator is ${status}, the link of another worker ${ended ?? 'up'}`,
    );
  };
  return [
    ...FRAMES.map(([what, frame, code]): Attack => ({
      attack: `a frame on the link with ${what}`,
      run: async () => {
        const by = await say(target, what, frame, code);
        await unharmed();
        return by;
      },
    })),
    {
      attack: 'words about a task of another worker',
      run: async () => {
        const run = { name: 'not theirs', project: 'link', total_shards: 1, source: { type: 'path', path: '/x' } };
        const { test_run_id: id } = await good<{ test_run_id: string }>(
          await target.request('POST', '/api/v1/test-runs/create', run),
        );
        const { taskId, attempt, fence } = await other.grant(id);
        const { apiKey } = await target.enrol('meddler');
        const meddler = await speak(target.url, apiKey, 1);
        try {
          const held = { taskId, attempt, fence };
          meddler.send(JSON.stringify({ type: 'log', ...held, seq: 0, stream: 'stdout', text: 'meddled' }));
          meddler.send(JSON.stringify({ type: 'report', id: 1, report: { kind: 'begin', ...held } }));
          const answer = await meddler.any();
          must(answer.type === 'ack' && answer.result === 'stale', JSON.stringify(answer));
          const log = await (await target.request('GET', `/api/v1/test-runs/${id}/logs`)).text();
          must(!log.includes('meddled'), 'it is in the log');
          await unharmed();
          return 'stale, and its words are not in the log';
        } finally {
          meddler.close();
          await good(await target.request('POST', `/api/v1/test-runs/${id}/cancel`));
        }
      },
    },
  ];
};

async function say(target: Target, what: string, frame: string | Uint8Array, code: number | null): Promise<string> {
  const { apiKey } = await target.enrol(`who says ${what}`);
  const worker = await speak(target.url, apiKey, 1);
  try {
    worker.send(frame);
    if (code !== null) {
      const closed = await worker.closed;
      must(closed === code, `the link was ended with ${closed}`);
      return `${code}: the link ends`;
    }
    const answer = await worker.any();
    must(answer.type === 'ack' && answer.result === 'refused', JSON.stringify(answer));
    return `refused: ${answer.detail ?? ''}`.slice(0, 100);
  } finally {
    worker.close();
  }
}
