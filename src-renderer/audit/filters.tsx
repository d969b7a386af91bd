import { useState } from 'react';
import type { AuditAction } from '../../shared/protocol/rest/audit.ts';
import type { AuditFilter } from '../fleet/audit.ts';
import { Field, Input, Select } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import styles from './audit.module.css';
import { messages } from './messages.ts';

/** Checked to be all that there are by the type. */
const ACTIONS = Object.keys({
  'coordinator.first_start': 1,
  'coordinator.key_rotated': 1,
  'session.opened': 1,
  'session.closed': 1,
  'session.refused': 1,
  'session.revoked': 1,
  'account.locked': 1,
  'person.invited': 1,
  'person.joined': 1,
  'person.changed': 1,
  'person.removed': 1,
  'invitation.revoked': 1,
  'password.changed': 1,
  'password.reset_link': 1,
  'password.reset': 1,
  'second_factor.added': 1,
  'second_factor.removed': 1,
  'second_factor.backup_codes': 1,
  'second_factor.backup_code_used': 1,
  'device.trusted': 1,
  'device.revoked': 1,
  'identity.linked': 1,
  'team.created': 1,
  'team.changed': 1,
  'team.removed': 1,
  'member.changed': 1,
  'member.removed': 1,
  'access.denied': 1,
  'token.created': 1,
  'token.revoked': 1,
  'join_code.created': 1,
  'join_code.used': 1,
  'join_code.locked': 1,
  'join_code.revoked': 1,
  'settings.changed': 1,
  'coordinator.restored': 1,
  'backup.taken': 1,
  'backup.downloaded': 1,
  'backup.removed': 1,
  'scheduling.added': 1,
  'scheduling.changed': 1,
  'scheduling.removed': 1,
  'secret.set': 1,
  'secret.removed': 1,
  'worker.enrolled': 1,
  'worker.approved': 1,
  'worker.changed': 1,
  'worker.removed': 1,
  'worker.key_rotated': 1,
  'mail.tested': 1,
  'report.opened': 1,
  'report.downloaded': 1,
  'release.imported': 1,
  'release.staged': 1,
  'release.withdrawn': 1,
  'release.cleared': 1,
  'screenshots.accepted': 1,
  'template.added': 1,
  'template.changed': 1,
  'template.removed': 1,
  'sync.created': 1,
  'sync.revoked': 1,
  'origin.announced': 1,
  'origin.verified': 1,
  'merge.taken_over': 1,
  'merge.resolved': 1,
  'warm_copy.permitted': 1,
  'warm_copy.taken': 1,
  'promotion.stated': 1,
  'promotion.began': 1,
  'promotion.ended': 1,
} satisfies Record<AuditAction, 1>).sort();

const SPANS = { all: null, day: 86_400_000, week: 604_800_000, month: 2_592_000_000 } as const;
const SPAN_NAMES = { all: 'allTimes', day: 'day', week: 'week', month: 'month' } as const;

export function sinceOf(span: string, now: number): Pick<AuditFilter, 'since'> {
  const length = span in SPANS ? SPANS[span as keyof typeof SPANS] : null;
  return length === null ? {} : { since: new Date(now - length).toISOString() };
}

interface View {
  action: string;
  actor: string;
  span: string;
}

export function Filters({ view, onChange }: { view: View; onChange: (change: Partial<View>) => void }) {
  const t = useMessages(messages);
  return (
    <div className={styles.filters}>
      <Field label={t('action')}>
        <Select
          value={view.action}
          onChange={(action) => onChange({ action })}
          options={[{ value: '', label: t('all') }, ...ACTIONS.map((action) => ({ value: action, label: action }))]}
        />
      </Field>
      <Field label={t('span')}>
        <Select
          value={view.span}
          onChange={(span) => onChange({ span })}
          options={Object.entries(SPAN_NAMES).map(([value, name]) => ({ value, label: t(name) }))}
        />
      </Field>
      <Field label={t('actor')} hint={t('actorHint')}>
        <ActorInput key={view.actor} actor={view.actor} onChange={(actor) => onChange({ actor })} />
      </Field>
    </div>
  );
}

/** Counts when it is whole: the log knows no parts of names. */
function ActorInput({ actor, onChange }: { actor: string; onChange: (actor: string) => void }) {
  const [text, setText] = useState(actor);
  const done = () => onChange(text.trim());
  return (
    <Input
      value={text}
      onChange={(event) => setText(event.target.value)}
      onBlur={done}
      onKeyDown={(event) => event.key === 'Enter' && done()}
    />
  );
}
