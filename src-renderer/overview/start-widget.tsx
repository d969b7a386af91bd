/** Starts a run with one click: the last one again, what failed in it, or a template. */
import { useNavigate } from '@tanstack/react-router';
import { runLabel } from '../../shared/model/run-label.ts';
import { Play, RotateCcw } from 'lucide-react';
import { useState } from 'react';
import type { Run } from '../../shared/protocol/rest/runs.ts';
import { runTemplate, useTemplates } from '../fleet/launching.ts';
import { useMay } from '../fleet/me.ts';
import { rerunRun } from '../fleet/runs.ts';
import { Button } from '../ui/button.tsx';
import { CodeBlock } from '../ui/code-block.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Link } from '../ui/link.tsx';
import { toastDone, toastError } from '../ui/toast.tsx';
import { messages } from './messages.ts';
import styles from './overview.module.css';

const MOST_TEMPLATES = 4;

/** `last`: the newest run that has ended; undefined: there is none. */
export function StartWidget({ last }: { last: Run | undefined }) {
  const t = useMessages(messages);
  const navigate = useNavigate();
  const may = useMay('runner');
  const { data: templates } = useTemplates();
  const [busy, setBusy] = useState<string | null>(null);
  const start = async (what: string, begin: () => Promise<{ number: number }>) => {
    setBusy(what);
    try {
      const { number } = await begin();
      toastDone(t('started', { number: runLabel(number) }));
      await navigate({ to: '/runs/$run', params: { run: String(number) } });
    } catch (error) {
      toastError(error);
    } finally {
      setBusy(null);
    }
  };
  if (!may) return <p className="muted">{t('mayNot')}</p>;
  const used = (templates ?? []).toSorted((a, b) => (b.last_used_at ?? '').localeCompare(a.last_used_at ?? ''));
  return (
    <div className={styles.start}>
      <Link to="/launch">{t('launch')}</Link>
      {last && (
        <Button
          icon={<Play size={14} aria-hidden />}
          busy={busy === 'again'}
          disabled={busy !== null}
          onClick={() => void start('again', () => rerunRun(last.id, 'all'))}
        >
          <span className={styles.cut}>{t('again', { number: runLabel(last.number), name: last.name })}</span>
        </Button>
      )}
      {last && last.tests.unexpected > 0 && (
        <Button
          icon={<RotateCcw size={14} aria-hidden />}
          busy={busy === 'failed'}
          disabled={busy !== null}
          onClick={() => void start('failed', () => rerunRun(last.id, 'failed'))}
        >
          {t('againFailed', { n: last.tests.unexpected })}
        </Button>
      )}
      {used.slice(0, MOST_TEMPLATES).map(({ id, name }) => (
        <Button
          key={id}
          icon={<Play size={14} aria-hidden />}
          busy={busy === id}
          disabled={busy !== null}
          onClick={() => void start(id, () => runTemplate(id))}
        >
          <span className={styles.cut}>{t('fromTemplate', { name })}</span>
        </Button>
      ))}
      {!last && (
        <>
          <p className="muted">{t('startHere')}</p>
          <CodeBlock text="npx playfleet run" />
        </>
      )}
    </div>
  );
}
