/** The real `playfleet worker` as a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { JOIN_TOKEN, type FakeCoordinator } from '../support/fake-coordinator.ts';
import { tempFolder } from '../support/folders.ts';

const program = path.resolve(import.meta.dirname, '../../dist/playfleet.mjs');

export interface WorkerProcess {
  child: ChildProcess;
  dataDir: string;
  /** What it has printed so far. */
  output: () => string;
  /** Exit code, or the signal's name. */
  ended: Promise<number | string>;
  kill: (signal: NodeJS.Signals) => void;
}

/** Resolves when the worker has connected for the `times`th time of its coordinator; rejects with what it printed where it ends before. */
export async function connected(coordinator: FakeCoordinator, worker: WorkerProcess, times = 1): Promise<void> {
  const ended = worker.ended.then((how) => Promise.reject(new Error(`it ended (${how}):\n${worker.output()}`)));
  const late = (error: Error): never => {
    throw new Error(`${error.message}\nit printed: ${worker.output()}`);
  };
  await Promise.race([coordinator.untilConnected(times).catch(late), ended]);
  ended.catch(() => undefined);
}

export function startWorker(coordinator: { url: string }, args: string[] = [], dataDir = tempFolder()): WorkerProcess {
  const { PATH, HOME } = process.env;
  const child = spawn(
    process.execPath,
    [
      program,
      'worker',
      '--join',
      `${coordinator.url}#${JOIN_TOKEN}`,
      '--name',
      'test-worker',
      '--data',
      dataDir,
      '--no-install',
      '--slots',
      '2',
      ...args,
    ],
    { env: { PATH, HOME }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (process.env.SHOW_LOG) process.stderr.write(text);
    });
  }
  const ended = new Promise<number | string>((resolve) =>
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown')),
  );
  onTestFinished(async () => {
    child.kill('SIGCONT');
    child.kill('SIGKILL');
    await ended;
  });
  return { child, dataDir, output: () => output, ended, kill: (signal) => void child.kill(signal) };
}
