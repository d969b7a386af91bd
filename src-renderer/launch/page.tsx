/** Starts a run: what, where and how, with what it would be before the click, and the command that does the same. */
import { useNavigate } from '@tanstack/react-router';
import { runLabel } from '../../shared/model/run-label.ts';
import { useEffect, useMemo, useRef, useState } from 'react';
import { ApiError } from '../fleet/api-error.ts';
import {
  runTemplate,
  startRun,
  usePreview,
  useSources,
  useSuite,
  useTemplates,
  type RunRequest,
} from '../fleet/launching.ts';
import { useMay, useMe } from '../fleet/me.ts';
import { useProjects } from '../fleet/projects.ts';
import { rerunRun, useRuns } from '../fleet/runs.ts';
import { useWorkers } from '../fleet/workers.ts';
import { Button } from '../ui/button.tsx';
import { useMessages } from '../ui/i18n.ts';
import { useKeys } from '../ui/keys.ts';
import { Page as Frame } from '../ui/page.tsx';
import { useSettled } from '../ui/settled.ts';
import { ErrorState, Skeleton } from '../ui/states.tsx';
import { toastDone } from '../ui/toast.tsx';
import { commandOf, commandText } from './command.ts';
import {
  choiceOf,
  EMPTY_FORM,
  fieldOf,
  filledIn,
  problemsOf,
  requestOf,
  requirementsOf,
  type FormField,
} from './form.ts';
import styles from './launch.module.css';
import { matchWorkers } from './matching.ts';
import { messages } from './messages.ts';
import { EnvironmentPart, MorePart } from './more.tsx';
import { keepLastProject, newestFirst, presetProject, readLastProject } from './preset.ts';
import { Summary } from './summary.tsx';
import { besideOf, formOf, optionsOf, valuesBeside } from './template.ts';
import { Templates } from './templates.tsx';
import { useForm } from './use-form.ts';
import { ProjectPart, SourcePart, TestsPart } from './what.tsx';
import { OrderPart, WorkersPart } from './where.tsx';

const SETTLES_MS = 250;
/** Among so many runs of a project the last one with results is looked for. */
const RECENT = 20;

export function Page() {
  const t = useMessages(messages);
  const navigate = useNavigate();
  const may = useMay('runner');
  const state = useForm();
  const { form: typed, change } = state;
  const projects = useProjects();
  const person = useMe().data?.id;
  const [wantsNew, setWantsNew] = useState(false);
  const preset = projects.data && person !== undefined ? presetProject(projects.data, readLastProject(person)) : null;
  const isOpen = typed.project === '' && !wantsNew;
  useEffect(() => {
    if (isOpen && preset !== null) change({ project: preset.project, team: preset.team });
  });
  const sources = useSources(useSettled(typed.project, SETTLES_MS));
  const suite = useSuite(useSettled(typed.project, SETTLES_MS));
  const templates = useTemplates();
  const { workers } = useWorkers();
  const { runs } = useRuns(typed.project === '' ? {} : { project: typed.project }, RECENT);
  const last =
    typed.project === '' ? undefined : runs.find(({ completed_at, tests }) => completed_at !== null && tests.total > 0);
  const [values, setValues] = useState<Record<string, string>>({});
  const [refused, setRefused] = useState<ApiError | null>(null);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);

  const form = useMemo(() => filledIn(typed, sources.data), [typed, sources.data]);
  const template = templates.data?.find(({ id }) => id === form.template);
  const asked = useSettled(
    useMemo(() => ({ ...choiceOf(form), requirements: requirementsOf(form) }), [form]),
    SETTLES_MS,
  );
  const preview = usePreview(form.project, asked);
  const matching = useMemo(() => matchWorkers(workers, requirementsOf(form), form.project), [workers, form]);
  const problems = problemsOf(form, sources.data, Date.now());

  const failureOf = (field: FormField): string | null => {
    const problem = problems[field];
    if (tried && problem !== undefined) return t(problem === 'needed' ? 'needed' : `problem_${problem}`);
    const ofPreview = preview.error instanceof ApiError ? preview.error.errors : [];
    const found = [...(refused?.errors ?? []), ...ofPreview].find(({ field: path }) => previewField(path) === field);
    return found?.message ?? null;
  };
  const elsewhere =
    refused === null || (refused.errors.length > 0 && refused.errors.every(({ field }) => fieldOf(field) !== null))
      ? null
      : refused.message;

  const top = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (refused === null && !tried) return;
    top.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [refused, tried]);

  /** null: something is wrong, and shown. */
  const request = (): RunRequest | null => {
    setTried(false);
    if (Object.keys(problems).length > 0) {
      // Once more, so that the focus goes there at each try.
      window.setTimeout(() => setTried(true));
      return null;
    }
    return requestOf(form, sources.data, values, template ? besideOf(template.options) : {});
  };

  const start = async () => {
    setRefused(null);
    const made = request();
    if (made === null) return;
    setBusy(true);
    try {
      const { number } = await begin(made);
      if (person !== undefined) keepLastProject(person, form);
      state.finish();
      toastDone(t('started', { number: runLabel(number) }));
      await navigate({ to: '/runs/$run', params: { run: String(number) } });
    } catch (error) {
      setRefused(error instanceof ApiError ? error : new ApiError(String(error)));
    } finally {
      setBusy(false);
    }
  };
  const begin = (made: RunRequest) => {
    if (form.what === 'failed' && last) return rerunRun(last.id, 'failed');
    const beside = template && valuesBeside(made, template.options);
    if (!template || !beside) return startRun(made);
    const { deadline, depends_on = [] } = made;
    const once = { ...optionsOf(made, null), env: beside, depends_on, ...(deadline === undefined ? {} : { deadline }) };
    return runTemplate(template.id, once);
  };
  useKeys({ 'mod+Enter': () => void start() }, may && !busy);

  const title = t('title');
  if (projects.error)
    return (
      <Frame title={title}>
        <ErrorState error={projects.error} onRetry={() => void projects.refetch()} />
      </Frame>
    );
  if (!projects.data)
    return (
      <Frame title={title}>
        <Skeleton rows={8} />
      </Frame>
    );
  const part = { form, change, errorOf: failureOf };
  const command =
    form.what === 'failed' && last
      ? commandText(['retry', '--failed', String(last.number)])
      : commandText(commandOf(form));
  return (
    <Frame
      title={title}
      actions={
        <>
          <Templates
            templates={templates.data ?? []}
            current={template}
            onChoose={(chosen) => {
              setValues({});
              change(chosen ? formOf(chosen.options, chosen.id) : { ...EMPTY_FORM, project: form.project });
            }}
            requestOf={request}
            may={may && form.what !== 'failed'}
          />
          <Button
            look="quiet"
            onClick={() => {
              state.clear();
              setWantsNew(false);
            }}
          >
            {t('clear')}
          </Button>
        </>
      }
    >
      {state.restored && <p className="muted">{t('restored')}</p>}
      <div className={styles.page} ref={top}>
        <form
          className={styles.form}
          aria-label={title}
          onSubmit={(event) => {
            event.preventDefault();
            if (may && !busy) void start();
          }}
        >
          <ProjectPart {...part} projects={newestFirst(projects.data)} onNew={() => setWantsNew(true)} />
          <TestsPart {...part} suite={suite.data} last={last} />
          {form.what !== 'failed' && (
            <>
              <SourcePart {...part} sources={sources.data} />
              <WorkersPart {...part} workers={workers} />
              <OrderPart {...part} />
              <EnvironmentPart
                {...part}
                sources={sources.data}
                values={values}
                onValue={(name, value) => setValues((before) => ({ ...before, [name]: value }))}
              />
              <MorePart {...part} />
            </>
          )}
        </form>
        <Summary
          form={form}
          preview={preview.data}
          previewError={preview.error ? preview.error.message : null}
          last={last}
          matching={matching}
          command={command}
          failure={elsewhere}
          may={may}
          busy={busy}
          onStart={() => void start()}
        />
      </div>
    </Frame>
  );
}

/** The preview names its fields otherwise than a run does. */
function previewField(path: string): FormField | null {
  if (path.startsWith('grep_invert')) return 'invert';
  if (path === 'grep') return 'grep';
  if (path.startsWith('files')) return 'files';
  if (path.startsWith('projects')) return 'projects';
  return fieldOf(path);
}
