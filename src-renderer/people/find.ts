/** Who is meant by what was typed: all words in name, e-mail, teams and roles. */
import type { Person } from '../../shared/protocol/rest/people.ts';

type Asked = Pick<Person, 'name' | 'email' | 'admin' | 'teams'>;

export function found<P extends Asked>(people: readonly P[], text: string): P[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return people.filter(({ name, email, admin, teams }) => {
    const all = [name, email, admin ? 'admin' : '', ...teams.flatMap((team) => [team.name, team.role])]
      .join(' ')
      .toLowerCase();
    return words.every((word) => all.includes(word));
  });
}
