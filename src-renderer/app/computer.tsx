/** What this computer does, always in sight inside the desktop app. */
import { toneOf, useStateText } from '../parts/computer-state.tsx';
import type { DesktopState } from '../../shared/protocol/desktop/state.ts';
import { useDesktop } from '../fleet/desktop.ts';
import { useMessages } from '../ui/i18n.ts';
import { Link } from '../ui/link.tsx';
import { Sign } from '../ui/status.tsx';
import { Tooltip } from '../ui/tooltip.tsx';
import styles from './computer.module.css';
import { messages } from './messages.ts';

/** `short`: the sign alone, where there is little room. */
export function Computer({ short = false }: { short?: boolean }) {
  const state = useDesktop((desktop) => desktop.state);
  return state && <Line state={state} short={short} />;
}

function Line({ state, short }: { state: DesktopState; short: boolean }) {
  const t = useMessages(messages);
  const text = useStateText(state);
  return (
    <Tooltip text={text}>
      <Link
        to="/this-computer"
        className={short ? styles.short : styles.line}
        aria-label={`${t('thisComputer')}: ${text}`}
      >
        <Sign tone={toneOf(state)} />
        {!short && <span className={styles.text}>{text}</span>}
      </Link>
    </Tooltip>
  );
}
