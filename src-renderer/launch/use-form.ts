/**
 * The form's state: in the address, so that a launch can be shared, and kept in this browser as a draft until it is started. What is typed
 * counts at once; the address follows a moment later.
 */
import { useEffect, useRef, useState } from 'react';
import { readKept, writeKept } from '../ui/kept.ts';
import { useViewState } from '../ui/view-state.ts';
import { EMPTY_FORM, type Form } from './form.ts';

const KEPT = 'playfleet.launch.draft';
const VERSION = 1;
const FOLLOWS_MS = 300;

const isEmpty = (form: Form): boolean => isSame(form, EMPTY_FORM);

/** A project alone is what every launch begins with. */
const isBegun = (form: Form): boolean => !isEmpty({ ...form, project: '', team: '' });

/** null: there is none, or one of another version, or nothing was begun. */
export function readDraft(text: string | null): Form | null {
  if (text === null) return null;
  try {
    const kept = JSON.parse(text) as { version?: unknown; form?: unknown };
    if (kept.version !== VERSION || typeof kept.form !== 'object' || kept.form === null) return null;
    const given = kept.form as Record<string, unknown>;
    const entries = Object.entries(EMPTY_FORM).map(([key, preset]) => [
      key,
      typeof given[key] === 'string' ? given[key] : preset,
    ]);
    const form = Object.fromEntries(entries) as Form;
    return isBegun(form) ? form : null;
  } catch {
    return null;
  }
}

export interface FormState {
  form: Form;
  change: (part: Partial<Form>) => void;
  /** It was found as a draft. */
  restored: boolean;
  /** Empties it, and forgets the draft. */
  clear: () => void;
  /** It was started: from now on nothing is written into the address of the next page, and it is no draft any more. */
  finish: () => void;
}

export function useForm(): FormState {
  const [view, changeView] = useViewState(EMPTY_FORM);
  const [draft] = useState(() => (isEmpty(view) ? readDraft(readKept(KEPT)) : null));
  const [restored, setRestored] = useState(draft !== null);
  const [form, setForm] = useState<Form>(draft ?? view);
  const written = useRef<Form>(view);
  const finished = useRef(false);

  // A link to another launch, or the back button.
  useEffect(() => {
    if (isSame(view, written.current)) return;
    written.current = view;
    setForm(view);
  }, [view]);

  useEffect(() => {
    if (isSame(form, written.current)) return;
    const timer = window.setTimeout(() => {
      if (finished.current) return;
      written.current = form;
      changeView(form);
      writeKept(KEPT, isBegun(form) ? JSON.stringify({ version: VERSION, form }) : null);
    }, FOLLOWS_MS);
    return () => window.clearTimeout(timer);
  }, [form, changeView]);

  return {
    form,
    restored,
    change: (part) => setForm((before) => ({ ...before, ...part })),
    clear: () => {
      setRestored(false);
      setForm(EMPTY_FORM);
      writeKept(KEPT, null);
    },
    finish: () => {
      finished.current = true;
      writeKept(KEPT, null);
    },
  };
}

const isSame = (a: Form, b: Form): boolean =>
  a === b || Object.keys(EMPTY_FORM).every((key) => a[key as keyof Form] === b[key as keyof Form]);
