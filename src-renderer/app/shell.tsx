/** What stands around every page: where to go, how the live connection is, who is signed in. */
import { Outlet } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { useMe } from '../fleet/me.ts';
import { useMessages } from '../ui/i18n.ts';
import { ConnectionNotice } from './connection.tsx';
import { KeyList } from './key-list.tsx';
import { messages } from './messages.ts';
import { BottomBar, SideNavigation, TopBar } from './navigation.tsx';
import styles from './shell.module.css';
import { PromotedNotice } from './promoted.tsx';
import { useGlobalKeys } from './global-keys.ts';

const Palette = lazy(() => import('./palette.tsx').then(({ Palette }) => ({ default: Palette })));

export function Shell() {
  const t = useMessages(messages);
  const [palette, setPalette] = useState(false);
  const [keyList, setKeyList] = useState(false);
  const [menu, setMenu] = useState(false);
  const { data: me } = useMe();
  useGlobalKeys({ openPalette: () => setPalette(true), openKeyList: () => setKeyList(true) });
  const open = { palette: () => setPalette(true), keyList: () => setKeyList(true), menu: () => setMenu(true) };
  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#main">
        {t('skip')}
      </a>
      <TopBar onMenu={open.menu} onPalette={open.palette} />
      <SideNavigation me={me} open={menu} onOpenChange={setMenu} onPalette={open.palette} onKeyList={open.keyList} />
      <main id="main" className={styles.main} tabIndex={-1}>
        <ConnectionNotice />
        <PromotedNotice />
        <Outlet />
      </main>
      <BottomBar onMenu={open.menu} />
      <KeyList open={keyList} onOpenChange={setKeyList} />
      {palette && (
        <Suspense>
          <Palette onClose={() => setPalette(false)} onKeyList={open.keyList} />
        </Suspense>
      )}
    </div>
  );
}
