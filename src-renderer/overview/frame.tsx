/** The box around a widget; while the page is arranged, with what moves, widens and removes it. */
import { ArrowLeft, ArrowRight, GripVertical, X } from 'lucide-react';
import type { KeyboardEvent, ReactNode } from 'react';
import { IconButton } from '../ui/button.tsx';
import { cx } from '../ui/class-names.ts';
import { Select } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import type { LayoutChange, Placed, WidgetId, Width } from './layout.ts';
import { messages } from './messages.ts';
import styles from './overview.module.css';

interface WidgetFrameProps {
  placed: Placed;
  index: number;
  title: string;
  /** A link to where there is more of it. */
  more?: ReactNode;
  arranging: boolean;
  dragged: WidgetId | null;
  onDrag: (id: WidgetId | null) => void;
  onChange: (change: LayoutChange) => void;
  children: ReactNode;
}

const WIDTHS: readonly Width[] = [1, 2, 3];

export function WidgetFrame(props: WidgetFrameProps) {
  const { placed, index, title, more, arranging, dragged, onDrag, onChange, children } = props;
  const { id, width } = placed;
  const t = useMessages(messages);
  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    onChange({ type: 'move', id, to: index + step });
  };
  return (
    <section
      className={cx(styles.widget, styles[`width${width}`], dragged === id && styles.dragged)}
      aria-label={title}
      data-widget={id}
      onDragOver={(event) => {
        if (dragged === null) return;
        event.preventDefault();
        if (dragged !== id) onChange({ type: 'move', id: dragged, to: index });
      }}
      onDrop={(event) => event.preventDefault()}
    >
      <header className={styles.head}>
        {arranging && (
          <button
            type="button"
            className={styles.handle}
            draggable
            aria-label={t('moveNamed', { name: title, place: index + 1 })}
            onKeyDown={onKey}
            onDragStart={(event) => {
              event.dataTransfer.effectAllowed = 'move';
              event.dataTransfer.setData('text/plain', id);
              onDrag(id);
            }}
            onDragEnd={() => onDrag(null)}
          >
            <GripVertical size={14} aria-hidden />
          </button>
        )}
        <h2>{title}</h2>
        {arranging ? (
          <div className={styles.tools}>
            <IconButton
              label={t('earlier', { name: title })}
              icon={<ArrowLeft size={14} aria-hidden />}
              onClick={() => onChange({ type: 'move', id, to: index - 1 })}
            />
            <IconButton
              label={t('later', { name: title })}
              icon={<ArrowRight size={14} aria-hidden />}
              onClick={() => onChange({ type: 'move', id, to: index + 1 })}
            />
            <Select
              aria-label={t('widthOf', { name: title })}
              value={String(width)}
              onChange={(chosen) =>
                onChange({ type: 'resize', id, width: WIDTHS.find((one) => String(one) === chosen) ?? 1 })
              }
              options={WIDTHS.map((one) => ({ value: String(one), label: t(`width${one}`) }))}
            />
            <IconButton
              label={t('removeNamed', { name: title })}
              icon={<X size={14} aria-hidden />}
              onClick={() => onChange({ type: 'remove', id })}
            />
          </div>
        ) : (
          more !== undefined && <div className={styles.tools}>{more}</div>
        )}
      </header>
      {children}
    </section>
  );
}
