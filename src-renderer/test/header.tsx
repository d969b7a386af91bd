import { Code, Copy, GitCompare, Link2, Play, RotateCw } from 'lucide-react';
import { runLabel } from '../../shared/model/run-label.ts';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { Run } from '../../shared/protocol/rest/runs.ts';
import type { TestDetail } from '../../shared/protocol/rest/results.ts';
import type { TestHistory } from '../../shared/protocol/rest/tests.ts';
import { isOver } from '../fleet/run-row.ts';
import { useMay } from '../fleet/me.ts';
import { useRerun } from '../fleet/runs.ts';
import { Button } from '../ui/button.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Menu } from '../ui/menu.tsx';
import { toastDone, toastError } from '../ui/toast.tsx';
import type { Attempt } from './attachment-kind.ts';
import { bugReport } from './bug-report.ts';
import { OpenInEditor } from './editor.tsx';
import { historyText } from './history-model.ts';
import { messages } from './messages.ts';
import { sourceLink, type SourceLink } from './source-link.ts';

interface ActionsProps {
  run: Run;
  test: TestDetail;
  history: TestHistory | null;
  onTrace: (() => void) | null;
}

/** The attempt that tells most of what went wrong: the last counted one that failed, else the last. */
export function tellingAttempt({ all_attempts: attempts }: TestDetail): Attempt | null {
  return attempts.findLast(({ counted, status }) => counted && status !== 'passed') ?? attempts.at(-1) ?? null;
}

export function sourceOf(run: Run, test: TestDetail): SourceLink | null {
  const stacks = test.all_attempts.flatMap(({ errors }) => errors.flatMap(({ stack }) => stack ?? []));
  return sourceLink(run, { file: test.file, line: test.line, stacks });
}

/** What can be done with the test. */
export function Actions({ run, test, history, onTrace }: ActionsProps) {
  const t = useMessages(messages);
  const navigate = useNavigate();
  const may = useMay('runner');
  const rerun = useRerun();
  const [editor, setEditor] = useState(false);
  const copy = async (text: string, done: string) => {
    try {
      await navigator.clipboard.writeText(text);
      toastDone(done);
    } catch {
      toastError(new Error(t('copyFailed')));
    }
  };
  const report = () =>
    bugReport({
      test,
      run,
      attempt: tellingAttempt(test),
      pageUrl: location.href,
      sourceUrl: sourceOf(run, test)?.url ?? null,
      history: history && historyText(history),
    });
  const onRerun = () =>
    rerun.mutate(
      { id: run.id, what: [test.test_id] },
      {
        onSuccess: ({ number }) => {
          toastDone(t('rerunDone', { number: runLabel(number) }));
          void navigate({ to: '/runs/$run', params: { run: String(number) } });
        },
        onError: toastError,
      },
    );
  return (
    <>
      {onTrace && (
        <Button look="primary" icon={<Play size={14} aria-hidden />} onClick={onTrace}>
          {t('openTrace')}
        </Button>
      )}
      <Button icon={<Copy size={14} aria-hidden />} onClick={() => void copy(report(), t('reportCopied'))}>
        {t('copyReport')}
      </Button>
      {may && isOver(run.status) && !test.supporting && (
        <Button icon={<RotateCw size={14} aria-hidden />} busy={rerun.isPending} onClick={onRerun}>
          {t('rerun')}
        </Button>
      )}
      <Menu
        groups={[
          [
            {
              label: t('copyLink'),
              icon: <Link2 size={14} aria-hidden />,
              onSelect: () => void copy(location.href, t('linkCopied')),
            },
            { label: t('openEditor'), icon: <Code size={14} aria-hidden />, onSelect: () => setEditor(true) },
            {
              label: t('compareWith'),
              icon: <GitCompare size={14} aria-hidden />,
              onSelect: () => void navigate({ to: '/compare', search: { now: String(run.number) } as never }),
            },
          ],
        ]}
      />
      <OpenInEditor open={editor} onOpenChange={setEditor} project={run.project} file={test.file} line={test.line} />
    </>
  );
}
