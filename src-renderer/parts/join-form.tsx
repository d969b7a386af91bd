/** How this computer finds its coordinator: on the LAN or at an address, with the six words that it shows; or by a link. */
import { Radar } from 'lucide-react';
import { useId, useState, type SubmitEvent } from 'react';
import type { FoundCoordinator, JoinWay } from '../../shared/protocol/desktop/wizard.ts';
import type { DesktopProblem } from '../../shared/protocol/desktop/state.ts';
import { Button } from '../ui/button.tsx';
import { Field, Form, Input, TextArea } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import { Badge } from '../ui/status.tsx';
import { Tabs } from '../ui/tabs.tsx';
import { messages } from './join-messages.ts';
import styles from './join-form.module.css';

interface JoinFormProps {
  found: readonly FoundCoordinator[];
  searching: boolean;
  busy: boolean;
  problem: Pick<DesktopProblem, 'message' | 'field'> | null;
  onSearch: () => void;
  onJoin: (way: JoinWay) => void;
}

export function JoinForm(props: JoinFormProps) {
  const t = useMessages(messages);
  const [way, setWay] = useState<'code' | 'link'>('code');
  return (
    <Tabs
      label={t('way')}
      value={way}
      onChange={setWay}
      tabs={[
        { id: 'code', label: t('byCode'), content: <ByCode {...props} /> },
        { id: 'link', label: t('byLink'), content: <ByLink {...props} /> },
      ]}
    />
  );
}

function ByCode({ found, searching, busy, problem, onSearch, onJoin }: JoinFormProps) {
  const t = useMessages(messages);
  const [address, setAddress] = useState('');
  const [code, setCode] = useState('');
  const join = (event: SubmitEvent) => {
    event.preventDefault();
    onJoin({ by: 'code', address, code });
  };
  const about = (field: string) => (problem?.field === field ? problem.message : null);
  const words = code.split(/[^A-Za-z]+/).filter(Boolean).length;
  return (
    <Form onSubmit={join}>
      <Found found={found} searching={searching} chosen={address} onChoose={setAddress} onSearch={onSearch} />
      <Field label={t('address')} hint={t('addressHint')} error={about('address')}>
        <Input
          value={address}
          placeholder={t('addressExample')}
          maxLength={500}
          autoComplete="off"
          spellCheck={false}
          required
          onChange={(event) => setAddress(event.target.value)}
        />
      </Field>
      <Field label={t('code')} hint={`${t('codeHint')} ${t('codeWords', { n: words })}`} error={about('code')}>
        <Input
          value={code}
          maxLength={200}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          required
          onChange={(event) => setCode(event.target.value)}
        />
      </Field>
      <Problem problem={problem} known={['address', 'code']} />
      <div>
        <Button look="primary" type="submit" busy={busy}>
          {busy ? t('joining') : t('join')}
        </Button>
      </div>
    </Form>
  );
}

interface FoundProps extends Pick<JoinFormProps, 'found' | 'searching' | 'onSearch'> {
  chosen: string;
  onChoose: (address: string) => void;
}

/** A name on the LAN is a hint: the words prove it. */
function Found({ found, searching, chosen, onChoose, onSearch }: FoundProps) {
  const t = useMessages(messages);
  const group = useId();
  return (
    <fieldset className={styles.found}>
      <legend>{t('found')}</legend>
      {found.map(({ name, address, version }) => (
        <label key={address} className={styles.one}>
          <input type="radio" name={group} checked={chosen === address} onChange={() => onChoose(address)} />
          <span className={styles.name}>{name}</span>
          <span className="muted">{address}</span>
          {version !== null && <Badge>{version}</Badge>}
        </label>
      ))}
      <div className={styles.search}>
        <p className="muted" role="status">
          {searching ? t('searching') : found.length === 0 ? t('foundNone') : t('foundHint')}
        </p>
        <Button icon={<Radar size={14} aria-hidden />} busy={searching} onClick={onSearch}>
          {t('search')}
        </Button>
      </div>
    </fieldset>
  );
}

function ByLink({ busy, problem, onJoin }: JoinFormProps) {
  const t = useMessages(messages);
  const [link, setLink] = useState('');
  const join = (event: SubmitEvent) => {
    event.preventDefault();
    onJoin({ by: 'link', link });
  };
  return (
    <Form onSubmit={join}>
      <Field label={t('link')} hint={t('linkHint')} error={problem?.field === 'link' ? problem.message : null}>
        <TextArea
          value={link}
          placeholder={t('linkExample')}
          maxLength={2000}
          spellCheck={false}
          required
          onChange={(event) => setLink(event.target.value)}
        />
      </Field>
      <Problem problem={problem} known={['link']} />
      <div>
        <Button look="primary" type="submit" busy={busy}>
          {busy ? t('joining') : t('join')}
        </Button>
      </div>
    </Form>
  );
}

/** What concerns no field that is shown. */
function Problem({ problem, known }: { problem: JoinFormProps['problem']; known: readonly string[] }) {
  if (problem === null || (problem.field !== null && known.includes(problem.field))) return null;
  return (
    <p role="alert" className={styles.problem}>
      <span aria-hidden>✕ </span>
      {problem.message}
    </p>
  );
}
