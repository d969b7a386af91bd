/** Sees once to the copy in a folder (first argument) with a given key (second, base64), as an agent does that begins; to be killed on the way. */
import pino from 'pino';
import { placesIn } from '../../../src-main/agent/offline/places.ts';
import { keeperOf } from './copies.ts';

const [folder = '', key = ''] = process.argv.slice(2);
const places = placesIn(folder);
const keeper = keeperOf(places, { given: Buffer.from(key, 'base64'), file: places.copyKey }, pino({ level: 'silent' }));
process.stdout.write('begins\n');
keeper.begin();
await keeper.close();
