/** Which project a launch begins with: the one that this person started a run of last, in this browser. */
import type { Project } from '../../shared/protocol/rest/projects.ts';
import { readKept, writeKept } from '../ui/kept.ts';
import type { Form } from './form.ts';

type Named = Pick<Form, 'project' | 'team'>;

const keptAt = (person: string): string => `playfleet.launch.project.${person}`;

/** Newest run first; projects without any at the end. */
export const newestFirst = (projects: readonly Project[]): Project[] =>
  projects.toSorted((a, b) => (b.last_run_at ?? '').localeCompare(a.last_run_at ?? ''));

/** Team as the form names it: only where several have a project of that name. */
export function namedBy({ name, team }: Project, projects: readonly Project[]): Named {
  const isShared = projects.filter((project) => project.name === name).length > 1;
  return { project: name, team: isShared ? team.name : '' };
}

export function projectNamed({ project, team }: Named, projects: readonly Project[]): Project | undefined {
  return projects.find((one) => one.name === project && (team === '' || team === one.team.name));
}

/** The last one, where it is still there; else that with the newest run. null: no project is known. */
export function presetProject(projects: readonly Project[], last: Named | null): Named | null {
  const chosen = (last && projectNamed(last, projects)) ?? newestFirst(projects)[0];
  return chosen === undefined ? null : namedBy(chosen, projects);
}

export function readLastProject(person: string): Named | null {
  const [project, team] = (readKept(keptAt(person)) ?? '').split('\n');
  return project === undefined || project === '' ? null : { project, team: team ?? '' };
}

export function keepLastProject(person: string, { project, team }: Named): void {
  writeKept(keptAt(person), `${project}\n${team}`);
}
