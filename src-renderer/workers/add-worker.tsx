/** Lets one more machine in: makes a token for it, shows the line to paste there, and says when the machine has come. */
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, type SubmitEvent } from 'react';
import { roleIn, reaches } from '../fleet/access.ts';
import { ApiError } from '../fleet/api-error.ts';
import { useMe } from '../fleet/me.ts';
import { onFleetEvents } from '../fleet/store.ts';
import { useTeams } from '../fleet/teams.ts';
import { createToken, revokeToken, useTokens, type MadeToken } from '../fleet/tokens.ts';
import { useWorkers } from '../fleet/workers.ts';
import { Button } from '../ui/button.tsx';
import { CodeBlock } from '../ui/code-block.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Field, Form, Input, Select } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Link } from '../ui/link.tsx';
import { QrCode } from '../ui/qr-code.tsx';
import { Status } from '../ui/status.tsx';
import { Tabs } from '../ui/tabs.tsx';
import { joinLinkOf } from '../../shared/model/join-link.ts';
import { createJoinCode, type MadeCode } from '../fleet/join-codes.ts';
import { SixWords } from './six-words.tsx';
import { DateTime } from '../ui/time.tsx';
import { toastError } from '../ui/toast.tsx';
import { badTag, joinLine, SHELLS, tagsIn, type JoinWishes, type Shell } from './join-lines.ts';
import { messages } from './messages.ts';
import styles from './workers.module.css';

export function AddWorker({ onClose }: { onClose: () => void }) {
  const t = useMessages(messages);
  const [made, setMade] = useState<{ token: MadeToken; wishes: JoinWishes } | null>(null);
  const [code, setCode] = useState<MadeCode | null>(null);
  return (
    <Dialog open wide onOpenChange={(open) => !open && onClose()} title={t('add')} description={t('addWhy')}>
      {made ? (
        <Line token={made.token} wishes={made.wishes} onAgain={() => setMade(null)} onClose={onClose} />
      ) : code ? (
        <SixWords
          code={code}
          onClose={onClose}
          joined={(worker) => <Joined name={worker} onAgain={() => setCode(null)} onClose={onClose} />}
          onAgain={() => setCode(null)}
        />
      ) : (
        <Wishes onMade={(token, wishes) => setMade({ token, wishes })} onCode={setCode} />
      )}
    </Dialog>
  );
}

const LIVES = [1, 8, 24] as const;

interface WishesProps {
  onMade: (token: MadeToken, wishes: JoinWishes) => void;
  onCode: (code: MadeCode) => void;
}

function Wishes({ onMade, onCode }: WishesProps) {
  const t = useMessages(messages);
  const { data: me } = useMe();
  const { data: teams = [] } = useTeams();
  const [name, setName] = useState('');
  const [slots, setSlots] = useState('');
  const [tags, setTags] = useState('');
  const [hours, setHours] = useState<string>('1');
  const mine = teams.filter(({ id }) => reaches(roleIn(me, id), 'maintainer'));
  const everywhere = reaches(roleIn(me, null), 'maintainer');
  const [team, setTeam] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const given = () => ({ name: name.trim() === '' ? t('labelPreset') : name, team: chosen === '' ? null : chosen });
  const makeCode = () => {
    setBusy(true);
    createJoinCode(given())
      .then(onCode, setError)
      .finally(() => setBusy(false));
  };
  const chosen = team ?? (everywhere ? '' : (mine[0]?.id ?? ''));
  const wrong = badTag(tagsIn(tags));
  const make = async (event: SubmitEvent) => {
    event.preventDefault();
    if (wrong !== null) return;
    setBusy(true);
    try {
      const token = await createToken({
        kind: 'join',
        ...given(),
        expires_in_seconds: Number(hours) * 3600,
      });
      onMade(token, { slots: slots === '' ? null : Number(slots), tags: tagsIn(tags) });
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Form onSubmit={(event) => void make(event)}>
      <div className={styles.fields}>
        <Field label={t('label')} hint={t('labelHint')} error={error instanceof ApiError ? error.field('name') : null}>
          <Input
            value={name}
            placeholder={t('labelPreset')}
            maxLength={200}
            onChange={(event) => setName(event.target.value)}
          />
        </Field>
        <Field label={t('life')}>
          <Select
            value={hours}
            onChange={setHours}
            options={LIVES.map((n) => ({ value: String(n), label: t('lifeHours', { n }) }))}
          />
        </Field>
        <Field label={t('slots')} hint={t('slotsHint')}>
          <Input type="number" min={1} max={1000} value={slots} onChange={(event) => setSlots(event.target.value)} />
        </Field>
        <Field label={t('tagsField')} hint={t('tagsHint')} error={wrong === null ? null : t('tagsBad', { tag: wrong })}>
          <Input value={tags} onChange={(event) => setTags(event.target.value)} />
        </Field>
        {(everywhere ? mine.length > 1 : mine.length > 0) && (
          <Field label={t('team')}>
            <Select
              value={chosen}
              onChange={setTeam}
              options={[
                ...(everywhere ? [{ value: '', label: t('all') }] : []),
                ...mine.map(({ id, name }) => ({ value: id, label: name })),
              ]}
            />
          </Field>
        )}
      </div>
      {error instanceof Error && <p role="alert">{error.message}</p>}
      <div className={styles.kinds}>
        <Button look="primary" type="submit" busy={busy}>
          {t('makeLink')}
        </Button>
        <Button busy={busy} onClick={makeCode}>
          {t('makeCode')}
        </Button>
        <span className="muted">{t('makeCodeWhy')}</span>
      </div>
    </Form>
  );
}

const SHELL_NAMES: Record<Shell, string> = {
  posix: 'macOS, Linux',
  powershell: 'Windows',
  service: 'systemd, launchd',
};

interface LineProps {
  token: MadeToken;
  wishes: JoinWishes;
  onAgain: () => void;
  onClose: () => void;
}

function Line({ token, wishes, onAgain, onClose }: LineProps) {
  const t = useMessages(messages);
  const [shell, setShell] = useState<Shell>(navigator.userAgent.includes('Windows') ? 'powershell' : 'posix');
  const { data: tokens } = useTokens({ watch: true });
  useTokensAfterEnrolment();
  const now = tokens?.find(({ id }) => id === token.id);
  const link = token.link ?? '';
  if (now?.state === 'used') return <Joined name={now.used_by ?? ''} onAgain={onAgain} onClose={onClose} />;
  const over = now !== undefined && now.state !== 'active';
  if (over) {
    return (
      <div className={styles.stack}>
        <p>{t('neverUsed')}</p>
        <div>
          <Button look="primary" onClick={onAgain}>
            {t('addAnother')}
          </Button>
        </div>
      </div>
    );
  }
  return (
    <div className={styles.stack}>
      <p>{t('commandWhy')}</p>
      <div className={styles.join}>
        <Tabs
          label={t('command')}
          value={shell}
          onChange={setShell}
          tabs={SHELLS.map((one) => ({
            id: one,
            label: SHELL_NAMES[one],
            content: <CodeBlock text={joinLine(one, link, wishes)} label={t('command')} />,
          }))}
        />
        <QrCode text={joinLinkOf(link)} label={t('joinQr')} />
      </div>
      <p>
        <a href={joinLinkOf(link)}>{t('openInApp')}</a> <span className="muted">{t('openInAppWhy')}</span>
      </p>
      <p className="muted">{t('secretWarn')}</p>
      <p role="status">
        <Status tone="running">{t('waitsForIt')}</Status>{' '}
        {token.expires_at !== null && (
          <span className="muted">
            {t('validFor')} <DateTime at={token.expires_at} />
          </span>
        )}
      </p>
      <div>
        <Button onClick={() => void revokeToken(token.id).then(onClose, toastError)}>{t('revokeLink')}</Button>
      </div>
    </div>
  );
}

/** A token is used up with an event that does not name it. */
function useTokensAfterEnrolment(): void {
  const client = useQueryClient();
  useEffect(
    () =>
      onFleetEvents((events) => {
        if (events.some(({ type }) => type === 'worker.enrolled'))
          void client.invalidateQueries({ queryKey: ['tokens'] });
      }),
    [client],
  );
}

function Joined({ name, onAgain, onClose }: { name: string; onAgain: () => void; onClose: () => void }) {
  const t = useMessages(messages);
  const { workers } = useWorkers();
  const worker = workers.find(({ hostname }) => hostname === name);
  return (
    <div className={styles.stack} role="status">
      <h3>
        <Status tone="passed">{t('joined', { name })}</Status>
      </h3>
      <p>{worker?.approved === false ? t('joinedWaits') : t('joinedWhy')}</p>
      <div className={styles.waiting}>
        {worker && (
          <Link to="/workers/$worker" params={{ worker: worker.id }} onClick={onClose}>
            {t('open')}
          </Link>
        )}
        <div>
          <Button onClick={onAgain}>{t('addAnother')}</Button>
        </div>
      </div>
    </div>
  );
}
