/**
 * The few private fields of Playwright that our reporters read, each with what happens when it is not there (present in 1.40–1.65).
 * Everything else in the reporters is public API.
 */
import type { FullConfig, Suite, TestCase, TestRun } from '@playwright/test/reporter';

export type Mode = 'default' | 'serial' | 'parallel';

/** 1.62–1.64 have preprocess without `mode`. */
export type AnyTestRun = Omit<TestRun, 'mode' | 'skipSharding'> & Partial<Pick<TestRun, 'mode' | 'skipSharding'>>;

interface PrivateProject {
  deps?: PrivateProject[];
  teardown?: PrivateProject;
  fullConfig?: { webServers?: unknown };
}
interface PrivateSuite {
  _parallelMode?: 'none' | Mode;
  _hooks?: { type?: string }[];
  _only?: boolean;
  _fullProject?: PrivateProject;
}

/** The mode in force for a suite: public where the version has it, else from the nearest suite around it that names one. */
export function modeOf(suite: Suite, testRun: AnyTestRun | null): Mode {
  if (testRun?.mode) return testRun.mode(suite);
  for (let current: Suite | undefined = suite; current; current = current.parent) {
    const own = (current as PrivateSuite)._parallelMode;
    if (own && own !== 'none') return own;
  }
  return 'default';
}

/** True where a beforeAll or afterAll of this very suite exists, or where that cannot be known. */
export function hasAllHooks(suite: Suite): boolean {
  const hooks = (suite as PrivateSuite)._hooks;
  return !Array.isArray(hooks) || hooks.some((hook) => hook.type === 'beforeAll' || hook.type === 'afterAll');
}

/** True for what `.only` marks; false where it cannot be known. `--list` leaves the filtering by it to us. */
export function isFocused(item: Suite | TestCase): boolean {
  return (item as PrivateSuite)._only === true;
}

/** Suites of the projects that a project suite depends on, or has as its teardown, among `all`; honours `--no-deps`. */
export function neededBy(suite: Suite, all: Suite[]): Suite[] {
  const full = (suite as PrivateSuite)._fullProject;
  if (full && Array.isArray(full.deps)) {
    const needed = new Set([...full.deps, ...(full.teardown ? [full.teardown] : [])]);
    return all.filter((other) => needed.has((other as PrivateSuite)._fullProject ?? {}));
  }
  if (process.argv.includes('--no-deps')) return [];
  const project = suite.project();
  const names = new Set([...(project?.dependencies ?? []), ...(project?.teardown ? [project.teardown] : [])]);
  return all.filter((other) => names.has(other.project()?.name ?? ''));
}

/** All webServer entries of the config: the public field is empty where the config has a list of them. */
export function webServersOf(config: FullConfig, root: Suite): unknown[] {
  const all = (root.suites[0] as PrivateSuite | undefined)?._fullProject?.fullConfig?.webServers;
  if (Array.isArray(all)) return all;
  return config.webServer ? [config.webServer] : [];
}
