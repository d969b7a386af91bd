import { CodeBlock } from '../ui/code-block.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Card } from '../ui/page.tsx';
import { Status } from '../ui/status.tsx';
import { messages } from './messages.ts';
import styles from './overview.module.css';

/** What somebody does who has never run anything here; each step shows when it is done. */
export function FirstUse({ workers }: { workers: number }) {
  const t = useMessages(messages);
  return (
    <Card title={t('firstTitle')}>
      <ol className={styles.steps}>
        <li>
          <h3>{t('firstLogin')}</h3>
          <p className="muted">{t('firstLoginWhy')}</p>
          <CodeBlock text={`npx playfleet login '${location.origin}#pft_…'`} />
        </li>
        <li>
          <h3>{workers > 0 ? <Status tone="passed">{t('firstWorkers', { n: workers })}</Status> : t('firstWorker')}</h3>
          <p className="muted">{t('firstWorkerWhy')}</p>
          <CodeBlock text="npx playfleet token create --join" />
          <CodeBlock text={`npx playfleet worker --join '${location.origin}#pfj_…'`} />
        </li>
        <li>
          <h3>{t('firstRun')}</h3>
          <p className="muted">{t('firstRunWhy')}</p>
          <CodeBlock text="npx playfleet run" />
        </li>
      </ol>
    </Card>
  );
}
