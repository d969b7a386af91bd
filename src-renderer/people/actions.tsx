/** What admins of the installation do with an account. */
import { useState, type SubmitEvent } from 'react';
import type { Person } from '../../shared/protocol/rest/people.ts';
import {
  changePerson,
  makeResetLink,
  removePerson,
  removeSecondFactor,
  signOutEverywhere,
  type ResetLink,
} from '../fleet/people.ts';
import { Button } from '../ui/button.tsx';
import { Confirm, Dialog } from '../ui/dialog.tsx';
import { Field, Form, Input } from '../ui/field.tsx';
import { useMessages } from '../ui/i18n.ts';
import { toastDone, toastError } from '../ui/toast.tsx';
import { messages } from './messages.ts';
import { OneLink } from './one-link.tsx';

export type ActionName =
  'rename' | 'resetLink' | 'signOut' | 'factorRemove' | 'giveAdmin' | 'takeAdmin' | 'removePerson';

interface Action {
  name: ActionName;
  danger: boolean;
  fits: (person: Person) => boolean;
}

const always = () => true;

/** In groups, as the menu shows them. */
export const ACTIONS: readonly (readonly Action[])[] = [
  [
    { name: 'rename', danger: false, fits: always },
    { name: 'resetLink', danger: false, fits: ({ password }) => password },
    { name: 'signOut', danger: false, fits: always },
  ],
  [
    { name: 'giveAdmin', danger: false, fits: ({ admin }) => !admin },
    { name: 'takeAdmin', danger: false, fits: ({ admin }) => admin },
    { name: 'factorRemove', danger: true, fits: ({ second_factor }) => second_factor },
    { name: 'removePerson', danger: true, fits: always },
  ],
];

const WHY = {
  signOut: 'signOutWhy',
  factorRemove: 'factorRemoveWhy',
  giveAdmin: 'giveAdminWhy',
  takeAdmin: 'takeAdminWhy',
  removePerson: 'removePersonWhy',
} as const;

export function PersonAction({ person, action, onClose }: { person: Person; action: ActionName; onClose: () => void }) {
  const t = useMessages(messages);
  const [busy, setBusy] = useState(false);
  const { id, name } = person;
  if (action === 'rename') return <Rename person={person} onClose={onClose} />;
  if (action === 'resetLink') return <Reset person={person} onClose={onClose} />;
  const carryOut = async () => {
    setBusy(true);
    try {
      if (action === 'signOut') toastDone(t('signedOut', { n: (await signOutEverywhere(id)).ended }));
      else if (action === 'factorRemove')
        await removeSecondFactor(id).then(() => toastDone(t('factorRemoved', { name })));
      else if (action === 'removePerson') await removePerson(id).then(() => toastDone(t('removed', { name })));
      else await setAdmin(action === 'giveAdmin');
    } catch (error) {
      toastError(error);
    } finally {
      onClose();
    }
  };
  const setAdmin = async (admin: boolean) => {
    await changePerson(id, { admin });
    toastDone(t('saved', { name }), () => void changePerson(id, { admin: !admin }).catch(toastError));
  };
  return (
    <Confirm
      open
      onOpenChange={(open) => !open && onClose()}
      title={t('sure', { what: t(action), name })}
      action={t(action)}
      danger={action !== 'giveAdmin'}
      busy={busy}
      onConfirm={() => void carryOut()}
    >
      <p>{t(WHY[action])}</p>
    </Confirm>
  );
}

function Rename({ person, onClose }: { person: Person; onClose: () => void }) {
  const t = useMessages(messages);
  const [name, setName] = useState(person.name);
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    try {
      await changePerson(person.id, { name });
      toastDone(t('saved', { name }), () => void changePerson(person.id, { name: person.name }).catch(toastError));
      onClose();
    } catch (error) {
      toastError(error);
    }
  };
  return (
    <Dialog open onOpenChange={onClose} title={t('rename')}>
      <Form onSubmit={(event) => void save(event)}>
        <Field label={t('newName')}>
          <Input required maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />
        </Field>
        <div>
          <Button look="primary" type="submit">
            {t('save')}
          </Button>
        </div>
      </Form>
    </Dialog>
  );
}

function Reset({ person, onClose }: { person: Person; onClose: () => void }) {
  const t = useMessages(messages);
  const [made, setMade] = useState<ResetLink | null>(null);
  const [busy, setBusy] = useState(false);
  const make = async () => {
    setBusy(true);
    try {
      setMade(await makeResetLink(person.id));
    } catch (error) {
      toastError(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog open onOpenChange={onClose} title={t('resetTitle', { name: person.name })}>
      {made ? (
        <OneLink link={made.link} until={made.expires_at} />
      ) : (
        <>
          <p>{t('linkWhy')}</p>
          <div>
            <Button look="primary" busy={busy} onClick={() => void make()}>
              {t('resetLink')}
            </Button>
          </div>
        </>
      )}
    </Dialog>
  );
}
