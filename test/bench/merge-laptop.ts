/** The promoted coordinator of the merge benchmark, in a process of its own: it works first, and brings that home when it is told where. */
import os from 'node:os';
import process from 'node:process';
import { BlobStore } from '../../coordinator/artifacts/blob-store.ts';
import { connectCentral, type Central } from '../../coordinator/merge/central.ts';
import { Upload, type UploadProgress } from '../../coordinator/merge/upload.ts';
import { systemClock } from '../../shared/base/clock.ts';
import { Side, SCHEMA } from '../support/merging.ts';

// It stands for another machine: the processors here belong to the coordinator that is measured, and to its workers.
os.setPriority(os.constants.priority.PRIORITY_LOW);
const [runs = 1, tests = 1] = process.argv.slice(2).map(Number);
const away = await Side.central();
const laptop = await Side.promoted(away, 'laptop', Math.random());
await away.close();
for (let n = 0; n < runs; n++) await laptop.run(tests, Math.floor(tests / 50));
const store = await BlobStore.open(`${laptop.folder}/blobs`, laptop.db, systemClock);
// Listened to for good: a process that only waits to try again ends where nothing else keeps it.
process.on('message', (where: { url: string; token: string }) => void bring(where));
process.send?.({ what: 'ready' });

async function bring(where: { url: string; token: string }): Promise<void> {
  const started = performance.now();
  const seconds = (): number => Math.round(performance.now() - started) / 1000;
  const at = { noted_s: 0, sent_s: 0, in_place_s: 0 };
  const real = connectCentral({ ...where, pin: null });
  const central: Central = {
    ...real,
    async send(origin, batch) {
      at.noted_s ||= seconds();
      const ack = await real.send(origin, batch);
      at.sent_s = seconds();
      return ack;
    },
    async verify(origin, summary) {
      const answer = await real.verify(origin, summary);
      if (answer.waiting === 0) at.in_place_s ||= seconds();
      return answer;
    },
  };
  const done = Promise.withResolvers<void>();
  const onChange = ({ state, detail }: UploadProgress): void => {
    if (state === 'verified') done.resolve();
    // A central coordinator that is overloaded says so, and is asked again.
    else if (state === 'unreachable') console.error(detail);
    else if (state === 'refused') done.reject(new Error(detail ?? ''));
  };
  const upload = new Upload({
    db: laptop.db,
    store,
    clock: systemClock,
    central,
    schema: SCHEMA,
    random: Math.random,
    onChange,
  });
  upload.start();
  await done.promise;
  await upload.stop();
  process.send?.({ what: 'home', value: { ...at, verified_s: seconds(), entries: upload.progress.total } });
  await laptop.close();
}
