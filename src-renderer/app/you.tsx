import { BookOpen, CircleUser, LogOut } from 'lucide-react';
import { type Me, signOut } from '../fleet/me.ts';
import { LANGUAGES, type Language, useLanguageStore, useMessages } from '../ui/i18n.ts';
import { Menu, type MenuItem } from '../ui/menu.tsx';
import { THEMES, useThemeStore } from '../ui/theme.ts';
import { toastError } from '../ui/toast.tsx';
import { messages } from './messages.ts';
import styles from './you.module.css';

const LANGUAGE_NAMES: Record<Language, string> = { en: 'English', de: 'Deutsch' };

/** Who is signed in, with what is theirs: account, theme, language, signing out. */
export function You({ me }: { me: Me | undefined }) {
  const t = useMessages(messages);
  const { theme, choose: chooseTheme } = useThemeStore();
  const { language, choose: chooseLanguage } = useLanguageStore();
  if (!me) return <div className={styles.you} />;
  const account: MenuItem[] = [
    { label: t('account'), icon: <CircleUser size={14} aria-hidden />, onSelect: () => location.assign('/account') },
    {
      label: t('apiReference'),
      icon: <BookOpen size={14} aria-hidden />,
      onSelect: () => location.assign('/api/v1/reference'),
    },
  ];
  const themes = THEMES.map((one) => ({ label: t(one), checked: theme === one, onSelect: () => chooseTheme(one) }));
  const languages = LANGUAGES.map((one) => ({
    label: LANGUAGE_NAMES[one],
    checked: language === one,
    onSelect: () => chooseLanguage(one),
  }));
  const out: MenuItem[] = [
    {
      label: t('signOut'),
      icon: <LogOut size={14} aria-hidden />,
      onSelect: () => void signOut().catch(toastError),
    },
  ];
  return (
    <Menu
      groups={[account, themes, languages, out]}
      trigger={
        <button type="button" className={styles.you}>
          <CircleUser size={16} aria-hidden />
          <span className={styles.name}>{me.name}</span>
          <span className={styles.role}>{me.role}</span>
        </button>
      }
    />
  );
}
