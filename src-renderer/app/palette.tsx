/** Everything by name: pages, recent runs, workers, actions. Loaded when it is first opened. */
import { useNavigate } from '@tanstack/react-router';
import { runLabel } from '../../shared/model/run-label.ts';
import { Command } from 'cmdk';
import type { ReactNode } from 'react';
import { useDesktop } from '../fleet/desktop.ts';
import { signOut, useMay } from '../fleet/me.ts';
import { useRuns } from '../fleet/runs.ts';
import { useWorkers } from '../fleet/workers.ts';
import { useMessages } from '../ui/i18n.ts';
import { THEMES, useThemeStore } from '../ui/theme.ts';
import { toastError } from '../ui/toast.tsx';
import { DESTINATIONS } from './destinations.ts';
import { messages } from './messages.ts';
import styles from './palette.module.css';

const RECENT_RUNS = 50;

export function Palette({ onClose, onKeyList }: { onClose: () => void; onKeyList: () => void }) {
  const t = useMessages(messages);
  const navigate = useNavigate();
  const { runs } = useRuns({}, RECENT_RUNS);
  const { workers } = useWorkers();
  const chooseTheme = useThemeStore((state) => state.choose);
  const isDesktop = useDesktop(({ kind }) => kind !== 'none');
  const may = { viewer: true, runner: useMay('runner'), maintainer: useMay('maintainer'), admin: useMay('admin') };
  const then = (act: () => unknown) => () => {
    onClose();
    act();
  };
  return (
    <Command.Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      label={t('commands')}
      className={styles.palette}
      overlayClassName={styles.overlay ?? ''}
      contentClassName={styles.content ?? ''}
      loop
    >
      <Command.Input className={styles.input} placeholder={t('commandsHint')} />
      <Command.List className={styles.list}>
        <Command.Empty className={styles.empty}>{t('noMatch')}</Command.Empty>
        <Command.Group heading={t('pages')}>
          {DESTINATIONS.filter(({ role, desktop }) => may[role] && (isDesktop || desktop !== true)).map(
            ({ to, name, icon: Icon }) => (
              <Entry key={to} value={t(name)} onSelect={then(() => navigate({ to }))}>
                <Icon size={14} aria-hidden /> {t(name)}
              </Entry>
            ),
          )}
        </Command.Group>
        <Command.Group heading={t('recentRuns')}>
          {runs.map(({ id, number, name }) => (
            <Entry
              key={id}
              value={`run ${number} ${name} ${id}`}
              onSelect={then(() => navigate({ to: '/runs/$run', params: { run: String(number) } }))}
            >
              {t('runNamed', { number: runLabel(number), name })}
            </Entry>
          ))}
        </Command.Group>
        <Command.Group heading={t('workers')}>
          {workers.map(({ id, hostname }) => (
            <Entry
              key={id}
              value={`worker ${hostname} ${id}`}
              onSelect={then(() => navigate({ to: '/workers/$worker', params: { worker: id } }))}
            >
              {hostname}
            </Entry>
          ))}
        </Command.Group>
        <Command.Group heading={t('actions')}>
          {THEMES.map((theme) => (
            <Entry key={theme} value={`${t('theme')} ${t(theme)}`} onSelect={then(() => chooseTheme(theme))}>
              {t('theme')}: {t(theme)}
            </Entry>
          ))}
          <Entry value={t('keys')} onSelect={then(onKeyList)}>
            {t('keys')}
          </Entry>
          <Entry value={t('account')} onSelect={then(() => location.assign('/account'))}>
            {t('account')}
          </Entry>
          <Entry value={t('signOut')} onSelect={then(() => signOut().catch(toastError))}>
            {t('signOut')}
          </Entry>
        </Command.Group>
      </Command.List>
    </Command.Dialog>
  );
}

function Entry({ value, onSelect, children }: { value: string; onSelect: () => void; children: ReactNode }) {
  return (
    <Command.Item value={value} onSelect={onSelect} className={styles.entry}>
      {children}
    </Command.Item>
  );
}
