/** The app itself: when it starts, what it tells, its language, updates, logs and reports of crashes, and ending it. */
import { FolderOpen, LogOut, Trash2 } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { Gives } from '../../shared/protocol/desktop/api.ts';
import type { DesktopState, Preferences } from '../../shared/protocol/desktop/state.ts';
import { ask, change } from '../fleet/desktop.ts';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/dialog.tsx';
import { Field, Select, Switch } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Facts, Section } from '../ui/page.tsx';
import { DateTime } from '../ui/time.tsx';
import { toastError } from '../ui/toast.tsx';
import { messages } from './messages.ts';
import styles from './this-computer.module.css';
import { Updates } from './updates.tsx';

const LANGUAGE_NAMES = { en: 'English', de: 'Deutsch' } as const;

export function App({ state }: { state: DesktopState }) {
  const t = useMessages(messages);
  const { preferences, versions, machine, secrets } = state;
  const set = (part: Partial<Preferences>) => void change('setPreferences', part).catch(toastError);
  return (
    <div className={styles.stack}>
      <Section title={t('start')}>
        <Switch
          label={t('startAtLogin')}
          checked={preferences.startAtLogin}
          onChange={(startAtLogin) => set({ startAtLogin })}
        />
        <div className={styles.fields}>
          <Field label={t('notifications')}>
            <Select
              value={preferences.notifications}
              onChange={(notifications) => set({ notifications })}
              options={(['all', 'important', 'none'] as const).map((value) => ({
                value,
                label: t(`notify_${value}`),
              }))}
            />
          </Field>
          <Field label={t('language')} hint={t('languageHint')}>
            <Select
              value={preferences.language}
              onChange={(language) => set({ language })}
              options={[
                { value: 'system', label: t('languageSystem') },
                { value: 'en', label: LANGUAGE_NAMES.en },
                { value: 'de', label: LANGUAGE_NAMES.de },
              ]}
            />
          </Field>
        </div>
      </Section>
      <Updates update={state.update} preferences={preferences} onChange={set} />
      <Logs />
      <Section title={t('about')}>
        <Facts
          items={[
            [t('version'), versions.app],
            [t('system'), `${machine.platform} ${machine.arch}`],
            [t('built'), `Electron ${versions.electron}, Chromium ${versions.chrome}, Node ${versions.node}`],
            [t('secrets'), t(`secrets_${secrets.kept}`)],
          ]}
        />
      </Section>
      <Quit standsInFor={state.offline.promotion?.name ?? null} />
    </div>
  );
}

/** They stay on this computer; its owner sends one, or nobody does. */
function Logs() {
  const t = useMessages(messages);
  const [crashes, setCrashes] = useState<Gives<'crashes'>>([]);
  const [asks, setAsks] = useState(false);
  useEffect(() => {
    ask('crashes').then(setCrashes, toastError);
  }, []);
  const deleteAll = () =>
    void ask('deleteCrashes').then(() => {
      setCrashes([]);
      setAsks(false);
    }, toastError);
  return (
    <Section
      title={t('logs')}
      actions={
        <Button icon={<FolderOpen size={14} aria-hidden />} onClick={() => void ask('openLogs').catch(toastError)}>
          {t('openLogs')}
        </Button>
      }
    >
      <p className="muted">{t('logsWhy')}</p>
      {crashes.length === 0 ? (
        <p>{t('noCrashes')}</p>
      ) : (
        <>
          <ul className={styles.list} aria-label={t('crashes')}>
            {crashes.map(({ name, at, bytes }) => (
              <li key={name} className={styles.row}>
                <span className={styles.grow}>{name}</span>
                <span className="muted">
                  <DateTime at={at} />
                </span>
                <span className="muted">{t('kilobytes', { n: Math.max(1, Math.round(bytes / 1000)) })}</span>
              </li>
            ))}
          </ul>
          <div>
            <Button icon={<Trash2 size={14} aria-hidden />} onClick={() => setAsks(true)}>
              {t('deleteCrashes')}
            </Button>
          </div>
        </>
      )}
      <Confirm
        open={asks}
        onOpenChange={setAsks}
        title={t('deleteCrashes')}
        action={t('delete')}
        danger
        onConfirm={deleteAll}
      >
        <p>{t('deleteCrashesWhy')}</p>
      </Confirm>
    </Section>
  );
}

function Quit({ standsInFor }: { standsInFor: string | null }) {
  const t = useMessages(messages);
  const [asks, setAsks] = useState(false);
  const quit = (how: 'drain' | 'now') => void change('quit', { how }).then(() => setAsks(false), toastError);
  return (
    <Section title={t('quitTitle')}>
      <p className="muted">{t('quitWhy')}</p>
      {standsInFor !== null && <p>{t('quitPromoted', { name: standsInFor })}</p>}
      <div className={styles.buttons}>
        <Button icon={<LogOut size={14} aria-hidden />} onClick={() => quit('drain')}>
          {t('quitDrain')}
        </Button>
        <Button look="quiet" onClick={() => setAsks(true)}>
          {t('quitNow')}
        </Button>
      </div>
      <Confirm
        open={asks}
        onOpenChange={setAsks}
        title={t('quitNow')}
        action={t('quitNow')}
        danger
        onConfirm={() => quit('now')}
      >
        <p>{t('quitNowWhy')}</p>
      </Confirm>
    </Section>
  );
}
