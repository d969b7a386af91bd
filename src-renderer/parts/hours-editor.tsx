/** When this computer lends its slots: each day of the week, in its time zone, with days that do not go by the week. */
import { Copy, Plus, X } from 'lucide-react';
import type { Hours, Span, Weekday } from '../../shared/protocol/desktop/manners.ts';
import { Button, IconButton } from '../ui/button.tsx';
import { Field, Input, Select, Switch } from '../ui/field.tsx';
import { useLanguage, useMessages } from '../ui/i18n.ts';
import { ownTimeZone } from '../ui/time-text.ts';
import { byDay, DAYS, dayName, firstHours, timeZones, toWeek, WORKDAY } from './hours.ts';
import styles from './hours-editor.module.css';
import { messages } from './hours-messages.ts';

const WORKDAYS: readonly Weekday[] = ['tue', 'wed', 'thu', 'fri'];

interface HoursEditorProps {
  /** null: at any time. */
  hours: Hours | null;
  onChange: (hours: Hours | null) => void;
}

export function HoursEditor({ hours, onChange }: HoursEditorProps) {
  const t = useMessages(messages);
  return (
    <div className={styles.editor}>
      <Switch
        label={t('only')}
        checked={hours !== null}
        onChange={(on) => onChange(on ? firstHours(ownTimeZone()) : null)}
      />
      {hours === null ? <p className="muted">{t('always')}</p> : <Editor hours={hours} onChange={onChange} />}
    </div>
  );
}

function Editor({ hours, onChange }: { hours: Hours; onChange: (hours: Hours) => void }) {
  const t = useMessages(messages);
  const language = useLanguage();
  const days = byDay(hours.week);
  const setDays = (changed: Partial<Record<Weekday, readonly Span[]>>) =>
    onChange({ ...hours, week: toWeek({ ...days, ...changed }) });
  return (
    <>
      <ul className={styles.days} aria-label={t('week')}>
        {DAYS.map((day) => (
          <li key={day} className={styles.day}>
            <span className={styles.name}>{dayName(day, language)}</span>
            <Spans of={dayName(day, language)} spans={days[day]} onChange={(spans) => setDays({ [day]: spans })} />
          </li>
        ))}
      </ul>
      <div>
        <Button
          icon={<Copy size={14} aria-hidden />}
          onClick={() => setDays(Object.fromEntries(WORKDAYS.map((day) => [day, days.mon])))}
        >
          {t('copyMonday')}
        </Button>
      </div>
      <Field label={t('timeZone')} hint={t('timeZoneHint')}>
        <Select
          value={hours.timeZone}
          onChange={(timeZone) => onChange({ ...hours, timeZone })}
          options={timeZones(hours.timeZone).map((zone) => ({ value: zone, label: zone.replaceAll('_', ' ') }))}
        />
      </Field>
      <Exceptions exceptions={hours.exceptions} onChange={(exceptions) => onChange({ ...hours, exceptions })} />
    </>
  );
}

/** `of`: whose they are, for who does not see the page. */
function Spans({ of, spans, onChange }: { of: string; spans: readonly Span[]; onChange: (spans: Span[]) => void }) {
  const t = useMessages(messages);
  const set = (at: number, part: Partial<Span>) =>
    onChange(spans.map((span, i) => (i === at ? { ...span, ...part } : span)));
  return (
    <div className={styles.spans}>
      {spans.length === 0 && <span className="muted">{t('notAtAll')}</span>}
      {spans.map(({ from, to }, i) => (
        <span key={i} className={styles.span}>
          <Input
            type="time"
            required
            aria-label={t('fromOf', { of })}
            value={from}
            onChange={(event) => event.target.value !== '' && set(i, { from: event.target.value })}
          />
          <span aria-hidden>–</span>
          <Input
            type="time"
            required
            aria-label={t('toOf', { of })}
            value={to}
            onChange={(event) => event.target.value !== '' && set(i, { to: event.target.value })}
          />
          {to <= from && <span className="muted">{from === to ? t('wholeDay') : t('nextDay')}</span>}
          <IconButton
            label={t('removeOf', { of })}
            icon={<X size={14} aria-hidden />}
            onClick={() => onChange(spans.filter((_, other) => other !== i))}
          />
        </span>
      ))}
      <IconButton
        label={t('addTo', { of })}
        icon={<Plus size={14} aria-hidden />}
        onClick={() => onChange([...spans, spans.length === 0 ? WORKDAY : { from: '20:00', to: '22:00' }])}
      />
    </div>
  );
}

function Exceptions({
  exceptions,
  onChange,
}: {
  exceptions: Hours['exceptions'];
  onChange: (exceptions: Hours['exceptions']) => void;
}) {
  const t = useMessages(messages);
  const set = (at: number, part: Partial<Hours['exceptions'][number]>) =>
    onChange(exceptions.map((one, i) => (i === at ? { ...one, ...part } : one)));
  return (
    <section className={styles.exceptions}>
      <h3>{t('exceptions')}</h3>
      <p className="muted">{t('exceptionsHint')}</p>
      {exceptions.length > 0 && (
        <ul className={styles.days}>
          {exceptions.map(({ date, spans }, i) => (
            <li key={i} className={styles.day}>
              <span className={styles.date}>
                <Input
                  type="date"
                  required
                  aria-label={t('date')}
                  value={date}
                  onChange={(event) => event.target.value !== '' && set(i, { date: event.target.value })}
                />
                <IconButton
                  label={t('removeOf', { of: date })}
                  icon={<X size={14} aria-hidden />}
                  onClick={() => onChange(exceptions.filter((_, other) => other !== i))}
                />
              </span>
              <Spans of={date} spans={spans} onChange={(changed) => set(i, { spans: changed })} />
            </li>
          ))}
        </ul>
      )}
      <div>
        <Button
          icon={<Plus size={14} aria-hidden />}
          onClick={() => onChange([...exceptions, { date: new Date().toLocaleDateString('sv'), spans: [] }])}
        >
          {t('addException')}
        </Button>
      </div>
    </section>
  );
}
