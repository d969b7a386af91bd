/** Adds reports to an outbox as fast as it can and says after each that it was handed over, until it is killed. Settles some on the way. */
import { writeSync } from 'node:fs';
import pino from 'pino';
import { systemClock } from '../../../shared/base/clock.ts';
import { Outbox } from '../../../src-main/agent/outbox/outbox.ts';
import { reportNo } from './reports.ts';

const [folder = '', seed = '1'] = process.argv.slice(2);
const say = (word: string, id: number): void => void writeSync(1, `${word} ${id}\n`);
const outbox = await Outbox.open({ folder, clock: systemClock, log: pino({ level: 'error' }, pino.destination(2)) });
say('begun', outbox.size);

// Every third is settled a little later, so that files are dropped and words of settling lie between reports.
let n = Number(seed) * 100_000;
async function lane(): Promise<void> {
  for (;;) {
    const number = n++;
    const id = await outbox.add(reportNo(number, (number * 7919) % 60_000));
    say('handed-over', id);
    if (id % 3 !== 0) continue;
    say('settled', id);
    outbox.settle(id);
  }
}
await Promise.all([lane(), lane(), lane()]);
