/** What a strategy is, built in or from a plugin: a score. */

export interface WorkerLoad {
  id: string;
  freeSlots: number;
  /** Set by people: larger = sooner. */
  priority: number;
  /** 0–1, set by people. */
  weight: number;
  /** Completed of all ended tasks, 0–1; 1 where none ended yet. */
  successRatio: number;
  avgDurationMs: number;
  /** Rises with each grant to anyone; 0 = never granted. */
  lastGrant: number;
  tags: readonly string[];
  /** How fast it runs tests, as learned: 1 = as the history says, 0.5 = takes twice as long. */
  speed: number;
  cpus: number;
  memoryBytes: number;
  /** As last measured, less what was handed out since. */
  freeCpus: number;
  freeMemoryBytes: number;
  /** What admins' rules say: workers with more come first, whatever their score. */
  preference: number;
}

/** What the tasks that are handed out have in common. */
export interface TaskAsk {
  runId: string;
  project: string;
  tags: readonly string[];
  /** Browsers that its tests use. */
  browsers: readonly string[];
  /** Per slot; 0 where it asks for nothing. */
  cpus: number;
  memoryBytes: number;
}

export interface Strategy {
  name: string;
  /** The highest takes the next task; asked again after each task, of the worker that took it. */
  score(worker: WorkerLoad, task: TaskAsk): number;
}

/** What a task that asks for nothing is thought to use: one CPU, and the memory of a browser. */
export const USUAL = { cpus: 1, memoryBytes: 512 * 2 ** 20 };

export const usedBy = (task: Pick<TaskAsk, 'cpus' | 'memoryBytes'>) => ({
  cpus: task.cpus || USUAL.cpus,
  memoryBytes: task.memoryBytes || USUAL.memoryBytes,
});
