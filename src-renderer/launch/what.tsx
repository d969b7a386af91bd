import type { Project } from '../../shared/protocol/rest/projects.ts';
import { runLabel } from '../../shared/model/run-label.ts';
import type { Sources, Suite } from '../../shared/protocol/rest/launch.ts';
import type { Run } from '../../shared/protocol/rest/runs.ts';
import { Field, Input, Select } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Card } from '../ui/page.tsx';
import { RelativeTime } from '../ui/time.tsx';
import { Choices } from './choices.tsx';
import { forProject, storedBundles, type Form, type FormField } from './form.ts';
import styles from './launch.module.css';
import { EXAMPLES } from './examples.ts';
import { messages } from './messages.ts';
import { namedBy, projectNamed } from './preset.ts';

export interface PartProps {
  form: Form;
  change: (part: Partial<Form>) => void;
  /** What is wrong with a field; null: nothing. */
  errorOf: (field: FormField) => string | null;
}

/** Value of the choice that stands for a project that does not exist yet. */
const NEW = '\n';

interface ProjectPartProps extends PartProps {
  /** In the order in which they are offered. */
  projects: readonly Project[];
  /** It is to be a project that does not exist yet. */
  onNew: () => void;
}

export function ProjectPart({ form, change, errorOf, projects, onNew }: ProjectPartProps) {
  const t = useMessages(messages);
  const keyOf = ({ name, team }: Project) => `${name}\n${team.name}`;
  const found = projectNamed(form, projects);
  const isNew = found === undefined;
  const choose = (key: string) => {
    const project = projects.find((one) => keyOf(one) === key);
    if (!project) onNew();
    change(forProject(project ? namedBy(project, projects) : { project: '', team: '' }));
  };
  return (
    <Card title={t('project')}>
      <div className={styles.pair}>
        {projects.length > 0 && (
          <Field label={t('projectKnown')} hideLabel error={isNew ? null : errorOf('project')}>
            <Select
              value={isNew ? NEW : keyOf(found)}
              onChange={choose}
              options={[
                ...projects.map((project) => ({
                  value: keyOf(project),
                  label:
                    namedBy(project, projects).team === '' ? project.name : `${project.name} (${project.team.name})`,
                })),
                { value: NEW, label: t('projectNew') },
              ]}
            />
          </Field>
        )}
        {isNew && (
          <Field label={t('projectName')} hint={t('projectNameHint')} error={errorOf('project')}>
            <Input
              value={form.project}
              placeholder={EXAMPLES.project}
              autoComplete="off"
              onChange={(event) => {
                onNew();
                change({ project: event.target.value });
              }}
            />
          </Field>
        )}
        <Field label={t('name')} hint={t('nameHint')} error={errorOf('name')}>
          <Input value={form.name} autoComplete="off" onChange={(event) => change({ name: event.target.value })} />
        </Field>
      </div>
    </Card>
  );
}

const SOURCES = ['bundle', 'git', 'path'] as const;

export function SourcePart({ form, change, errorOf, sources }: PartProps & { sources: Sources | null | undefined }) {
  const t = useMessages(messages);
  const bundles = storedBundles(sources);
  const labels = { bundle: t('sourceBundle'), git: t('sourceGit'), path: t('sourcePath') };
  return (
    <Card title={t('source')}>
      <div className={styles.stack}>
        <fieldset className={styles.radios}>
          <legend className="visually-hidden">{t('source')}</legend>
          {SOURCES.map((source) => (
            <label key={source}>
              <input type="radio" name="source" checked={form.source === source} onChange={() => change({ source })} />
              {labels[source]}
            </label>
          ))}
        </fieldset>
        {errorOf('source') !== null && (
          <p className={styles.error} role="alert">
            <span aria-hidden>✕ </span>
            {errorOf('source')}
          </p>
        )}
        {form.source === 'bundle' && (
          <Field label={t('bundle')} error={errorOf('tree')} hint={t('bundleHint')}>
            <Select
              value={form.tree}
              onChange={(tree) => change({ tree })}
              disabled={bundles.length === 0}
              options={
                bundles.length === 0
                  ? [{ value: '', label: t('bundleNone') }]
                  : bundles.map(({ source, branch, commit, changed, last }) => ({
                      value: source.type === 'bundle' ? source.tree : '',
                      label: [
                        `#${runLabel(last.number)}`,
                        branch ?? last.name,
                        commit?.slice(0, 8),
                        changed ? t('bundleChanged') : null,
                      ]
                        .filter(Boolean)
                        .join(' · '),
                    }))
              }
            />
          </Field>
        )}
        {form.source === 'git' && (
          <div className={styles.pair}>
            <Field label={t('url')} error={errorOf('url')}>
              <Input
                value={form.url}
                placeholder={EXAMPLES.git}
                autoComplete="off"
                onChange={(event) => change({ url: event.target.value })}
              />
            </Field>
            <Field label={t('ref')} hint={t('refHint')} error={errorOf('ref')}>
              <Input
                value={form.ref}
                list="launch-branches"
                placeholder={EXAMPLES.ref}
                autoComplete="off"
                onChange={(event) => change({ ref: event.target.value })}
              />
            </Field>
            <Field label={t('dir')} hint={t('dirHint')} error={errorOf('dir')}>
              <Input value={form.dir} autoComplete="off" onChange={(event) => change({ dir: event.target.value })} />
            </Field>
            <datalist id="launch-branches">
              {sources?.branches.map(({ branch }) => (
                <option key={branch} value={branch} />
              ))}
            </datalist>
          </div>
        )}
        {form.source === 'path' && (
          <Field label={t('path')} hint={t('pathHint')} error={errorOf('path')}>
            <Input
              value={form.path}
              placeholder={EXAMPLES.path}
              autoComplete="off"
              onChange={(event) => change({ path: event.target.value })}
            />
          </Field>
        )}
      </div>
    </Card>
  );
}

interface TestsPartProps extends PartProps {
  suite: Suite | null | undefined;
  /** The newest run of the project that ended with results. */
  last: Run | undefined;
}

export function TestsPart({ form, change, errorOf, suite, last }: TestsPartProps) {
  const t = useMessages(messages);
  const failed = last ? last.tests.unexpected + Math.max(0, last.tests.total - last.tests.settled) : 0;
  return (
    <Card title={t('tests')}>
      <div className={styles.stack}>
        {last && (
          <fieldset className={styles.radios}>
            <legend className="visually-hidden">{t('tests')}</legend>
            <label>
              <input
                type="radio"
                name="what"
                checked={form.what !== 'failed'}
                onChange={() => change({ what: 'all' })}
              />
              {t('whatAll')}
            </label>
            <label>
              <input
                type="radio"
                name="what"
                checked={form.what === 'failed'}
                disabled={failed === 0}
                onChange={() => change({ what: 'failed' })}
              />
              {t('whatFailed', { number: runLabel(last.number), failed })}
            </label>
          </fieldset>
        )}
        {form.what === 'failed' && last && (
          <p className="muted">
            {t('failedHint')} <RelativeTime at={last.created_at} />
          </p>
        )}
        {form.what !== 'failed' && (
          <>
            <Choices
              legend={t('projects')}
              known={(suite?.projects ?? []).map(({ name, tests }) => ({ name, n: tests }))}
              value={form.projects}
              placeholder={t('projectsPlaceholder')}
              error={errorOf('projects')}
              onChange={(projects) => change({ projects })}
            />
            <Choices
              legend={t('tags')}
              known={(suite?.tags ?? []).map(({ name, tests }) => ({
                name: name.startsWith('@') ? name : `@${name}`,
                n: tests,
              }))}
              most={12}
              value={form.tags}
              placeholder={EXAMPLES.grep}
              error={errorOf('tags')}
              onChange={(tags) => change({ tags })}
            />
            <Choices
              legend={t('files')}
              known={(suite?.files ?? []).map(({ name, tests }) => ({ name, n: tests }))}
              most={6}
              value={form.files}
              placeholder={EXAMPLES.file}
              error={errorOf('files')}
              onChange={(files) => change({ files })}
            />
            <div className={styles.pair}>
              <Field label={t('grep')} hint={t('grepHint')} error={errorOf('grep')}>
                <Input
                  value={form.grep}
                  spellCheck={false}
                  autoComplete="off"
                  onChange={(event) => change({ grep: event.target.value })}
                />
              </Field>
              <Field label={t('invert')} error={errorOf('invert')}>
                <Input
                  value={form.invert}
                  spellCheck={false}
                  autoComplete="off"
                  onChange={(event) => change({ invert: event.target.value })}
                />
              </Field>
            </div>
          </>
        )}
      </div>
    </Card>
  );
}
