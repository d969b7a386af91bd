import { Command, Menu as MenuIcon, Search, X } from 'lucide-react';
import { useRouterState } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { useDesktop } from '../fleet/desktop.ts';
import { type Me, useMay } from '../fleet/me.ts';
import { IconButton } from '../ui/button.tsx';
import { cx } from '../ui/class-names.ts';
import { useMessages } from '../ui/i18n.ts';
import { Link } from '../ui/link.tsx';
import { Connection } from './connection.tsx';
import { Computer } from './computer.tsx';
import { type Destination, DESTINATIONS, FIRST } from './destinations.ts';
import { messages } from './messages.ts';
import styles from './navigation.module.css';
import { You } from './you.tsx';

const PRODUCT = 'Playfleet';
const ICON = { size: 16, 'aria-hidden': true } as const;

function useDestinations(): readonly Destination[] {
  const may = { viewer: true, runner: useMay('runner'), maintainer: useMay('maintainer'), admin: useMay('admin') };
  const isDesktop = useDesktop(({ kind }) => kind !== 'none');
  return DESTINATIONS.filter(({ role, desktop }) => may[role] && (isDesktop || desktop !== true));
}

function Brand() {
  return (
    <Link to="/" className={styles.brand}>
      {PRODUCT}
    </Link>
  );
}

/** Of small screens: the name, the connection, the search. */
export function TopBar({ onMenu, onPalette }: { onMenu: () => void; onPalette: () => void }) {
  const t = useMessages(messages);
  return (
    <header className={styles.top}>
      <IconButton label={t('menu')} icon={<MenuIcon {...ICON} />} onClick={onMenu} />
      <Brand />
      <span className={styles.spring} />
      <Computer short />
      <Connection />
      <IconButton label={t('commands')} icon={<Search {...ICON} />} onClick={onPalette} />
    </header>
  );
}

interface SideNavigationProps {
  me: Me | undefined;
  /** On small screens it is only there while it is open. */
  open: boolean;
  onOpenChange: (open: boolean) => void;
  onPalette: () => void;
  onKeyList: () => void;
}

export function SideNavigation({ me, open, onOpenChange, onPalette, onKeyList }: SideNavigationProps) {
  const t = useMessages(messages);
  const side = useRef<HTMLElement>(null);
  const path = useRouterState({ select: (state) => state.location.pathname });
  useEffect(() => onOpenChange(false), [path, onOpenChange]);
  useEffect(() => {
    if (!open) return;
    side.current?.querySelector('a')?.focus();
    const onKey = (event: KeyboardEvent) => event.key === 'Escape' && onOpenChange(false);
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [open, onOpenChange]);
  return (
    <>
      {open && <div className={styles.behind} onClick={() => onOpenChange(false)} />}
      <nav ref={side} className={cx(styles.side, open && styles.open)} aria-label={t('navigation')}>
        <div className={styles.head}>
          <Brand />
          <span className={styles.close}>
            <IconButton label={t('menu')} icon={<X {...ICON} />} onClick={() => onOpenChange(false)} />
          </span>
        </div>
        <button type="button" className={styles.find} onClick={onPalette}>
          <Search size={14} aria-hidden />
          <span>{t('commands')}</span>
          <kbd>{isMac() ? '⌘K' : 'Ctrl K'}</kbd>
        </button>
        <ul className={styles.list}>
          {useDestinations().map((destination) => (
            <li key={destination.to}>
              <Entry {...destination} />
            </li>
          ))}
        </ul>
        <Computer />
        <div className={styles.foot}>
          <Connection />
          <span className={styles.spring} />
          <IconButton label={`${t('keys')} (?)`} icon={<Command size={14} aria-hidden />} onClick={onKeyList} />
        </div>
        <You me={me} />
      </nav>
    </>
  );
}

function Entry({ to, name, icon: Icon }: Destination) {
  const t = useMessages(messages);
  return (
    <Link
      to={to}
      className={styles.entry}
      activeOptions={{ exact: to === '/', includeSearch: false }}
      activeProps={{ 'aria-current': 'page' }}
    >
      <Icon {...ICON} />
      {t(name)}
    </Link>
  );
}

/** Of small screens: the pages that one needs most, under the thumb. */
export function BottomBar({ onMenu }: { onMenu: () => void }) {
  const t = useMessages(messages);
  const shown = useDestinations().filter(({ to }) => FIRST.includes(to));
  return (
    <nav className={styles.bottom} aria-label={t('pages')}>
      {shown.map((destination) => (
        <Entry key={destination.to} {...destination} />
      ))}
      <button type="button" className={styles.entry} onClick={onMenu}>
        <MenuIcon {...ICON} />
        {t('menu')}
      </button>
    </nav>
  );
}

const isMac = (): boolean => /mac|iphone|ipad/i.test(navigator.userAgent);
