/** Which browsers a project's tests need: its own and those of the projects that Playwright runs before it. */
import type { DiscoveredProject } from '../../../shared/protocol/playwright.ts';

/** Project name → browsers, sorted and joined by commas ('' where none are known), as `tasks.needs` holds them. */
export function projectNeeds(projects: readonly DiscoveredProject[]): Map<string, string> {
  const byName = new Map(projects.map((project) => [project.name, project]));
  const browsersOf = (name: string, seen: Set<string>): Set<string> => {
    const project = byName.get(name);
    if (!project || seen.has(name)) return new Set();
    seen.add(name);
    const browsers = new Set<string>(project.browser ? [project.browser] : []);
    const related = project.teardown ? [...project.dependencies, project.teardown] : project.dependencies;
    for (const other of related) for (const browser of browsersOf(other, seen)) browsers.add(browser);
    return browsers;
  };
  return new Map(projects.map((project) => [project.name, [...browsersOf(project.name, new Set())].sort().join(',')]));
}

/** Whether a machine with `browsers` has all that `needs` names. */
export function hasBrowsers(needs: string, browsers: ReadonlySet<string>): boolean {
  return needs === '' || needs.split(',').every((browser) => browsers.has(browser));
}
