/** What only a coordinator does: what it takes in, whom it lets through, and agents that are too old. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import path from 'node:path';
import { api, type Programs } from '../../scripts/programs.ts';
import { stageOf } from '../../shared/model/update-trust.ts';
import { must, type Attack } from '../hostile/attack.ts';
import { flipByte, newPublisher, publish } from '../support/update-feed.ts';
import type { CoordinatorPlace } from './places.ts';
import { aMachine, installs, until } from './row.ts';

const HOUR = 3_600_000;
/** A worker looks at its machine first, which takes its time on a busy one. */
const START_MS = 120_000;

export function fleetCases(place: CoordinatorPlace, folder: string, programs: Programs): Attack[] {
  const { cli, coordinator, offer, publisher } = place;
  const refusedImport = async (made: { folder: string }, why: RegExp): Promise<string> => {
    const { code, said } = await cli('updates', 'import', made.folder);
    must(code === 2 && why.test(said), `code ${code}: ${said}`);
    return said.split('\n')[0] ?? '';
  };
  return [
    {
      attack: 'importing a release of another publisher',
      run: async () =>
        refusedImport(
          await publish(path.join(folder, 'foreign'), { version: '3.0.0', by: newPublisher() }),
          /does not know/,
        ),
    },
    {
      attack: 'importing a release that has ended',
      run: async () =>
        refusedImport(
          await publish(path.join(folder, 'ended'), {
            version: '3.0.0',
            by: publisher,
            expiresAt: new Date(Date.now() - HOUR),
          }),
          /has ended/,
        ),
    },
    {
      attack: 'importing a changed package',
      async run() {
        const made = await publish(path.join(folder, 'changed'), { version: '3.0.0', by: publisher });
        await flipByte(path.join(made.folder, made.package));
        return refusedImport(made, /not what was signed/);
      },
    },
    {
      attack: 'an admin lets fewer through than are signed, then more',
      async run() {
        await offer('3.1.0', { stagedPercent: 60 });
        let machineId = '';
        for (let n = 0; machineId === ''; n++) {
          const stage = await stageOf(`machine-${n}`, '3.1.0');
          if (stage > 25 && stage < 60) machineId = `machine-${n}`;
        }
        must((await cli('updates', 'stage', '3.1.0', '20')).code === 0, 'it could not be lowered');
        const row = await aMachine(place, folder, { machineId });
        const told = await row.machine.updater?.check();
        must(told?.state === 'none', `it was offered: ${JSON.stringify(told)}`);
        const more = await cli('updates', 'stage', '3.1.0', '61');
        must(more.code === 2 && /at most 60/.test(more.said), more.said);
        must((await cli('updates', 'stage', '3.1.0', 'all')).code === 0, 'it could not be raised');
        await row.machine.updater?.check();
        await installs(row, '3.1.0');
        return `at 20 % nothing, at the signed 60 % installed; 61 %: ${more.said.split('\n')[0] ?? ''}`;
      },
    },
    {
      attack: 'a withdrawn release',
      async run() {
        await offer('3.2.0');
        must((await cli('updates', 'withdraw', '3.2.0')).code === 0, 'it could not be withdrawn');
        const row = await aMachine(place, folder);
        const told = await row.machine.updater?.check();
        must(told?.state === 'none' && row.machine.installs.length === 0, JSON.stringify(told));
        return 'offered to nobody';
      },
    },
    {
      attack: 'a stranger without a key',
      async run() {
        await offer('3.3.0');
        const answer = await fetch(`${coordinator.url}/api/v1/updates/feed/stable/playfleet-stable.json`);
        must(answer.status === 401, `was answered ${answer.status}`);
        return '401';
      },
    },
    {
      attack: 'a real worker that is too old for its coordinator',
      async run() {
        await offer('3.4.0', { bytes: 100_000 });
        await api(coordinator, 'PUT', '/settings', { minimum_agent_version: '3.4.0' });
        const dataDir = await mkdtemp(path.join(folder, 'worker-'));
        const taken = path.join(dataDir, 'taken');
        const command = `cp "$PLAYFLEET_UPDATE_FILE" '${taken}' && echo "$PLAYFLEET_UPDATE_VERSION" > '${taken}.version'`;
        const worker = await programs.startWorker(coordinator, {
          name: 'old-worker',
          slots: 1,
          dataDir,
          args: ['--no-install', '--update-command', command, '--update-keys', place.keyFile],
        });
        const [code] = (await once(worker, 'exit')) as [number | null];
        must(code === 75, `it ended with ${code}`);
        must(
          (await readFile(`${taken}.version`, 'utf8')).trim() === '3.4.0' && existsSync(taken),
          'the command was not run',
        );
        const { items } = await api<{ items: { hostname: string; agent_version: string; status: string }[] }>(
          coordinator,
          'GET',
          '/workers',
        );
        const seen = items.find(({ hostname }) => hostname === 'old-worker');
        await api(coordinator, 'PUT', '/settings', { minimum_agent_version: null });
        return `given no work, loads 3.4.0, runs --update-command, ends with 75 to be started anew; the list shows it with ${seen?.agent_version ?? 'nothing'}`;
      },
    },
    {
      attack: 'a worker without a command for updates',
      async run() {
        const dataDir = await mkdtemp(path.join(folder, 'worker-'));
        await api(coordinator, 'PUT', '/settings', { minimum_agent_version: '3.4.0' });
        const worker = await programs.startWorker(coordinator, {
          name: 'told-worker',
          slots: 1,
          dataDir,
          args: ['--no-install', '--update-keys', place.keyFile, '--log-level', 'info'],
          output: 'pipe',
        });
        let said = '';
        worker.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
        await until(
          () => /gives work to agents from 3.4.0 on/.test(said) && /--update-command/.test(said),
          'the word',
          () => said.slice(-500),
          START_MS,
        );
        await until(
          () => /3\.4\.0 is there: install it/.test(said),
          'the offer',
          () => said.slice(-500),
        );
        must(worker.exitCode === null, 'it ended');
        await api(coordinator, 'PUT', '/settings', { minimum_agent_version: null });
        return 'says which version it needs and that 3.4.0 is there, installs nothing, and keeps asking';
      },
    },
  ];
}
