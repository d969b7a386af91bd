/** The time without the coordinator: the copy that this computer keeps, standing in from it, following others who do, and what came home. */
import { useState } from 'react';
import { Crown } from 'lucide-react';
import type { BroughtHome, CopyFacts, OfflineView } from '../../shared/protocol/desktop/offline.ts';
import type { DesktopState, SecretsState } from '../../shared/protocol/desktop/state.ts';
import { change } from '../fleet/desktop.ts';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/dialog.tsx';
import { Checkbox } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Facts, Section } from '../ui/page.tsx';
import { Sign } from '../ui/status.tsx';
import { DateTime, RelativeTime } from '../ui/time.tsx';
import { toastError } from '../ui/toast.tsx';
import { ALL_LACKS, Lacks } from './offline-lacks.tsx';
import { messages } from './offline-messages.ts';
import { Others } from './offline-others.tsx';
import { CopySecrets } from './offline-secrets.tsx';
import { Promoted } from './offline-promoted.tsx';
import styles from './this-computer.module.css';

export function OfflineTab({ state }: { state: DesktopState }) {
  const t = useMessages(messages);
  const { promotion, home, follows, standIns } = state.offline;
  const central = state.coordinators.find(({ active, own }) => active && !own);
  if (central === undefined) return <p className="muted">{t('own')}</p>;
  const { name } = central;
  return (
    <div className={styles.stack}>
      {promotion !== null && <Promoted promotion={promotion} />}
      {promotion === null && home !== null && <Home home={home} />}
      {promotion === null && <Others central={name} follows={follows} standIns={standIns} />}
      {promotion === null && <Copy name={name} offline={state.offline} secrets={state.secrets} />}
    </div>
  );
}

interface CopyProps {
  name: string;
  offline: OfflineView;
  /** Where this system keeps secrets, such as the key of the copy. */
  secrets: SecretsState;
}

function Copy({ name, offline, secrets }: CopyProps) {
  const t = useMessages(messages);
  const { copy, copySecrets, follows } = offline;
  if (copy === null) {
    return (
      <Section title={t('copy', { name })}>
        <p className={styles.text}>
          {t('noCopy', { name })} {t('noCopyWhy')}
        </p>
        {copySecrets && <CopySecrets name={name} copy={copy} copySecrets />}
      </Section>
    );
  }
  return (
    <Section title={t('copy', { name })}>
      <p className={styles.text}>{t('copyWhy', { name })}</p>
      <Facts
        items={[
          [t('age'), <RelativeTime key="age" at={copy.at} />],
          [t('tests'), copy.tests.toLocaleString()],
          [t('withSecrets'), t(copy.secrets ? 'withSecretsClosed' : 'withSecretsNo')],
          [t('until'), <DateTime key="until" at={copy.until} />],
          [t('key'), t(copy.key === 'safe' ? 'keySafe' : 'keyFile')],
        ]}
      />
      {secrets.kept !== 'safe' && (
        <p className="muted">
          {t(copy.key === 'safe' ? 'keyOutOfReach' : 'keyFileWhy')} {secrets.reason}
        </p>
      )}
      {copy.problem !== null && <p className="muted">{t('copyProblem', { why: copy.problem })}</p>}
      <CopySecrets name={name} copy={copy} copySecrets={copySecrets} />
      {follows === null && <StandIn name={name} copy={copy} />}
    </Section>
  );
}

function StandIn({ name, copy }: { name: string; copy: CopyFacts }) {
  const t = useMessages(messages);
  const [asks, setAsks] = useState(false);
  const [busy, setBusy] = useState(false);
  const [secrets, setSecrets] = useState(false);
  const promote = () => {
    setBusy(true);
    void change('promote', { secrets })
      .then(() => setAsks(false), toastError)
      .finally(() => setBusy(false));
  };
  return (
    <div>
      <Button icon={<Crown size={14} aria-hidden />} onClick={() => setAsks(true)}>
        {t('standIn', { name })}
      </Button>
      <Confirm
        open={asks}
        onOpenChange={() => setAsks(false)}
        title={t('standIn', { name })}
        action={t('standIn', { name })}
        busy={busy}
        onConfirm={promote}
      >
        <div className={styles.stack}>
          <p>{t('standInWhy', { name })}</p>
          <Lacks lacks={ALL_LACKS.filter((lack) => lack !== 'secrets' || !secrets)} />
          {copy.secrets && (
            <div>
              <Checkbox label={t('openSecrets')} checked={secrets} onChange={setSecrets} />
              <p className="muted">{t('openSecretsWhy')}</p>
            </div>
          )}
        </div>
      </Confirm>
    </div>
  );
}

/** Shown until this computer stands in again. */
function Home({ home }: { home: BroughtHome }) {
  const t = useMessages(messages);
  const { name, at, counts, hash, conflicts, deleted } = home;
  const figures = { runs: counts['run'] ?? 0, tests: counts['test'] ?? 0, files: counts['file'] ?? 0 };
  return (
    <Section title={t('home', { name })}>
      <p className={styles.text}>
        <Sign tone="passed" /> {t('homeCounts', figures)} {t(deleted ? 'deleted' : 'notDeleted')}
        {conflicts > 0 && ` ${t('conflicts', { n: conflicts })}`}
      </p>
      <p className="muted">
        {t('hash')} {hash.slice(0, 16)}…, <DateTime at={at} />
      </p>
    </Section>
  );
}
